// Dovecot's submission as the server, under a password; it passes on to our server what ours has sent to it, so that both
// of our sides are tried at once.

import { reject } from "@carteiro/node";

import { startDovecot, dovecotSubmission } from "./dovecot.ts";
import { startOwnServer, withoutReceived } from "./own-server.ts";
import { describeWith } from "./peers.ts";
import { refusedRecipient, serverContract, type PeerServer, type Security } from "./server-contract.ts";
import type { TlsFiles } from "./tls-files.ts";

describeWith(dovecotSubmission, (path) => {
  serverContract({
    securities: ["STARTTLS", "implicit TLS"],
    start: (security, tls) => start(path, security, tls),
    refuses: true,
    chunking: true,
  });
});

async function start(path: string, security: Security, tls: TlsFiles): Promise<PeerServer> {
  const relay = await startOwnServer({
    onRecipient: ({ recipient }) =>
      recipient.address === refusedRecipient ? reject(550, "5.1.1", "No such user") : undefined,
  });
  const server = await startDovecot(path, { tls, relayPort: relay.port });
  return {
    port: security === "STARTTLS" ? server.submissionPort : server.submissionsPort,
    next: async () => withoutReceived((await relay.next()).content),
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await relay[Symbol.asyncDispose]();
    },
  };
}
