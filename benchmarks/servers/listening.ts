// Has a server of Node's listen on all addresses of the loopback network, as many connections waiting as may come at once.

import { once } from "node:events";
import type { AddressInfo, Server } from "node:net";

/** Connections not yet accepted: load comes in bursts. */
export const backlog = 4_096;

export async function listening(server: Server): Promise<{ readonly port: number }> {
  server.listen({ port: 0, host: "0.0.0.0", backlog });
  await once(server, "listening");
  return { port: (server.address() as AddressInfo).port };
}
