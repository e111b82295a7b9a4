// A port for a program that does not pick one by itself.

import { connect, createServer, type AddressInfo } from "node:net";
import { setTimeout } from "node:timers/promises";

/** Milliseconds that a server may run at most: as long as all the tests that share it. */
export const longestService = 300_000;

/** A port of 127.0.0.1 that nobody had a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Settles once something listens on the port; rejects with how the program ended if it does so before. */
export async function whenListening(port: number, ended: Promise<unknown>): Promise<void> {
  let outcome: unknown;
  void ended.then((how) => (outcome = how));
  while (!(await isOpen(port))) {
    if (outcome !== undefined) throw new Error(`Nobody listens on port ${port}: ${JSON.stringify(outcome)}`);
    await setTimeout(20);
  }
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1" });
    socket.once("connect", () => resolve(true));
    socket.once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}
