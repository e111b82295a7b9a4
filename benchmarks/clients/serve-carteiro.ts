// Carteiro as a client, on whatever runtime: a session by itself, a pool, and a session for each message.

import type { ClientOptions, Pool, PoolOptions, SendResult, SmtpClient } from "@carteiro/driver";
import { inFlight, serveClient, type Terms } from "../harness/client.ts";
import { content } from "../load/mail.ts";

/** What is used of an adapter. */
interface Adapter {
  readonly connect: (options: Options) => Promise<SmtpClient>;
  readonly createPool: (options: Options & Omit<PoolOptions, "connect">) => Pool;
}

interface Options extends ClientOptions {
  readonly host: string;
  readonly port: number;
}

/** To be called by the script, with its adapter. */
export function serveCarteiro({ connect, createPool }: Adapter): void {
  serveClient({
    bare: async (terms) => {
      const client = await connect(server(terms));
      const message = messageOf(terms);
      return async (messages) => {
        for (let sent = 0; sent < messages; sent++) mustBeAccepted(await client.send(message));
      };
    },
    pooled: (terms) => {
      const { connections } = terms;
      const pool = createPool({ ...server(terms), connections, messagesPerConnection: Infinity });
      const message = messageOf(terms);
      return (messages) => inFlight(terms.inFlight, messages, async () => mustBeAccepted(await pool.send(message)));
    },
    connections: (terms) => {
      const message = messageOf(terms);
      const sendOne = async () => {
        const client = await connect(server(terms));
        mustBeAccepted(await client.send(message));
        await client.quit();
      };
      return (messages) => inFlight(terms.inFlight, messages, sendOne);
    },
  });
}

function server({ port }: Terms) {
  return { host: "127.0.0.1", port, hostname: "client.example.net", startTls: "never" } as const;
}

function messageOf({ octets }: Terms) {
  const unended = content(octets).slice(0, -".\r\n".length);
  return {
    from: "sender@example.net",
    to: "recipient@example.org",
    content: new TextEncoder().encode(unended),
  };
}

function mustBeAccepted({ recipients }: SendResult): void {
  if (recipients[0]?.accepted !== true) throw new Error("A message was not accepted");
}
