// Carteiro's server, on whatever runtime, with the options that it has by itself. The application consumes each message.

import type { SmtpServer, ServerOptions as CarteiroOptions } from "@carteiro/driver";
import { serveParent } from "../harness/child.ts";
import { backlog } from "./listening.ts";
import type { ServerOptions } from "./server.ts";

/** What is used of an adapter's server. */
interface Listening extends Pick<SmtpServer, "on"> {
  listen(options: ListenOptions): Promise<{ readonly port: number }>;
}

interface ListenOptions {
  readonly port: number;
  readonly host: string;
  readonly backlog: number;
  readonly implicitTls: boolean;
}

type Create = (options: CarteiroOptions & Pick<ServerOptions, "tls">) => Listening;

/** To be called by the script, with its adapter's `createServer`. */
export function serveCarteiro(createServer: Create): void {
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
}
