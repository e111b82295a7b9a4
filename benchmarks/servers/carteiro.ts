// Carteiro's server on Node, with the options that it has by itself. The application consumes each message.

import { createServer } from "@carteiro/node";
import { serveParent } from "../harness/child.ts";
import { backlog } from "./listening.ts";
import type { ServerOptions } from "./server.ts";

let octets = 0;

serveParent({
  listen: async ({ tls, messageSize }: ServerOptions) => {
    const server = createServer({
      hostname: "mx.example.org",
      // All load comes from one machine.
      connections: { total: 100_000, perAddress: 100_000 },
      ...(tls !== undefined && { tls }),
      ...(messageSize !== undefined && { limits: { messageSize } }),
      async onMessage({ content }) {
        for await (const slice of content) octets += slice.length;
      },
    });
    server.on("error", ({ error }) => console.error(error));
    const { port } = await server.listen({ port: 0, host: "0.0.0.0", backlog, implicitTls: tls !== undefined });
    return { port };
  },
  consumed: () => ({ octets }),
});
