// smtp-server of npm as the server.

import { readFileSync } from "node:fs";
import type { AddressInfo } from "node:net";

import { SMTPServer } from "smtp-server";
import { describe } from "vitest";

import { Queue } from "./queue.ts";
import { credentials, refusedRecipient, serverContract, type PeerServer, type Security } from "./server-contract.ts";
import type { TlsFiles } from "./tls-files.ts";

describe("smtp-server", () => {
  serverContract({ securities: ["in the clear", "STARTTLS", "implicit TLS"], start, refuses: true });
});

async function start(security: Security, { certFile, keyFile }: TlsFiles): Promise<PeerServer> {
  const messages = new Queue<Buffer>();
  const server = new SMTPServer({
    secure: security === "implicit TLS",
    authOptional: security === "in the clear",
    disabledCommands: security === "in the clear" ? ["STARTTLS", "AUTH"] : [],
    cert: readFileSync(certFile),
    key: readFileSync(keyFile),
    // No reverse lookup of 127.0.0.1.
    disableReverseLookup: true,
    onAuth({ username, password }, _session, done) {
      const good = username === credentials.user && password === credentials.password;
      if (good) done(null, { user: username });
      else done(Object.assign(new Error("Wrong"), { responseCode: 535 }));
    },
    onRcptTo({ address }, _session, done) {
      done(address === refusedRecipient ? Object.assign(new Error("No such user"), { responseCode: 550 }) : null);
    },
    onData(stream, _session, done) {
      const chunks: Buffer[] = [];
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
      stream.on("end", () => {
        messages.add(Buffer.concat(chunks));
        done(null);
      });
    },
  });
  server.on("error", () => undefined);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.server.address() as AddressInfo).port,
    next: () => messages.next(),
    [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
