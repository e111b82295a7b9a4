// Python's aiosmtpd as the server.

import { fileURLToPath } from "node:url";

import { start as startProgram } from "../support/processes.ts";
import { describeWith, python } from "./peers.ts";
import { credentials, refusedRecipient, serverContract, type PeerServer, type Security } from "./server-contract.ts";
import type { TlsFiles } from "./tls-files.ts";

const script = fileURLToPath(new URL("aiosmtpd_server.py", import.meta.url));

describeWith(python("aiosmtpd", "aiosmtpd"), (path) => {
  serverContract({
    securities: ["in the clear", "STARTTLS", "implicit TLS"],
    start: (security, tls) => start(path, security, tls),
    refuses: true,
  });
});

async function start(path: string, security: Security, tls: TlsFiles): Promise<PeerServer> {
  const job = { security, ...tls, ...credentials, refused: refusedRecipient };
  const program = startProgram(path, [script, JSON.stringify(job)]);
  const first = await program.until(([line]) => line);
  let taken = 1;
  return {
    port: (JSON.parse(first) as { port: number }).port,
    async next() {
      const at = taken++;
      const line = await program.until((lines) => lines.filter((told) => told.startsWith("{"))[at]);
      return Buffer.from((JSON.parse(line) as { content: string }).content, "base64");
    },
    [Symbol.asyncDispose]: () => program[Symbol.asyncDispose](),
  };
}
