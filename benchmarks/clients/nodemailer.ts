// nodemailer as a client: its SMTPConnection, its pool, and its plain transport, which connects for each message. Mail is
// given to all of them as a Buffer that is ready to be sent, as its documentation has it for mail made elsewhere; there is no
// logger, and no name to resolve.

import { createTransport } from "nodemailer";
import SMTPConnection from "nodemailer/lib/smtp-connection";
import { inFlight, serveClient, type Terms } from "../harness/client.ts";
import { content } from "../load/mail.ts";

const envelope = { from: "sender@example.net", to: ["recipient@example.org"] };

serveClient({
  bare: async (terms) => {
    const connection = new SMTPConnection(server(terms));
    await new Promise<void>((resolve, reject) => {
      connection.once("error", reject);
      connection.connect((error) => (error ? reject(error) : resolve()));
    });
    const raw = rawMail(terms);
    const send = () =>
      new Promise<void>((resolve, reject) => {
        connection.send({ ...envelope, size: raw.length }, raw, (error) => (error ? reject(error) : resolve()));
      });
    return async (messages) => {
      for (let sent = 0; sent < messages; sent++) await send();
    };
  },
  pooled: (terms) => {
    const pool = { pool: true, maxConnections: terms.connections, maxMessages: Infinity } as const;
    const transport = createTransport({ ...server(terms), ...pool });
    const mail = { envelope, raw: rawMail(terms) };
    return (messages) => inFlight(terms.inFlight, messages, () => transport.sendMail(mail));
  },
  connections: (terms) => {
    const transport = createTransport(server(terms));
    const mail = { envelope, raw: rawMail(terms) };
    return (messages) => inFlight(terms.inFlight, messages, () => transport.sendMail(mail));
  },
});

function server({ port }: Terms) {
  return { host: "127.0.0.1", port, name: "client.example.net", ignoreTLS: true };
}

function rawMail({ octets }: Terms): Buffer {
  return Buffer.from(content(octets).slice(0, -".\r\n".length));
}
