// Servers that listen, and how to find out that they do.

import { once } from "node:events";
import { connect, type AddressInfo, type Server } from "node:net";
import { setTimeout } from "node:timers/promises";

/** Connections not yet accepted: load comes in bursts. */
export const backlog = 4_096;

/** Has a server of Node's listen on all addresses of the loopback network. */
export async function listening(server: Server): Promise<{ readonly port: number }> {
  server.listen({ port: 0, host: "0.0.0.0", backlog });
  await once(server, "listening");
  return { port: (server.address() as AddressInfo).port };
}

/** Settles once somebody listens on the port of 127.0.0.1. */
export async function whenOpen(port: number): Promise<void> {
  for (let tries = 0; !(await isOpen(port)); tries++) {
    if (tries === 500) throw new Error(`Nobody listens on port ${port}`);
    await setTimeout(20);
  }
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1" });
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}
