// Dovecot's submission as the server that checks passwords.
// Debian 12 has Dovecot 2.3.19: no SCRAM-SHA-512, and no -PLUS (2.4 has them).

import { dovecotSubmission, startDovecot } from "./dovecot.ts";
import { mechanismContract } from "./mechanism-contract.ts";
import { startOwnServer } from "./own-server.ts";
import { describeWith } from "./peers.ts";
import type { TlsFiles } from "./tls-files.ts";

describeWith(dovecotSubmission, (path) => {
  mechanismContract({
    mechanisms: ["SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN", "LOGIN"],
    start: (tls) => start(path, tls),
  });
});

/** It lets nobody in whom it could not serve: there must be a server behind it. */
async function start(path: string, tls: TlsFiles) {
  const relay = await startOwnServer();
  const mechanisms = "plain login cram-md5 scram-sha-1 scram-sha-256";
  const server = await startDovecot(path, { tls, relayPort: relay.port, mechanisms });
  return {
    submissionPort: server.submissionPort,
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await relay[Symbol.asyncDispose]();
    },
  };
}
