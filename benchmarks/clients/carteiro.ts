// Carteiro as a client: a session by itself, a pool, and a session for each message.

import { connect, createPool, type SendResult } from "@carteiro/node";
import { inFlight, serveClient, type Terms } from "../harness/client.ts";
import { content } from "../load/mail.ts";

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
