// The README's workers as they stand, in workerd: one sends to a server of Node's, the other receives from a client of Node's.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { findCapability } from "@carteiro/core";
import { accept, connect, createServer, deriveKeys, memoryKeyStore } from "@carteiro/node";
import { afterAll, describe, expect, test } from "vitest";
import { localhostCertificates, otherCertificates } from "../support/certificates.ts";
import { startWorker, workerdAbsent } from "../support/workerd.ts";

const document = readFileSync(join(import.meta.dirname, "../../packages/workers/README.md"), "utf8");
const { key, certificate: cert, caCertificate } = await localhostCertificates();
const other = await otherCertificates();

// Inside this package, so that the examples find the packages by name.
const folder = mkdtempSync(join(import.meta.dirname, "readme-"));
afterAll(() => rmSync(folder, { recursive: true }));

function example(name: string): string {
  const [, code = ""] = document.split(`\`\`\`ts file=${name}\n`);
  const file = join(folder, name);
  writeFileSync(file, code.slice(0, code.indexOf("```")));
  return file;
}

describe.skipIf(workerdAbsent !== undefined && process.env["CARTEIRO_REQUIRE_PEERS"] === undefined)(
  "the README",
  () => {
    const receiving = { protocol: "tcp", tls: { key, cert, mode: "startTls" } } as const;

    test.each([
      ["a certificate that is good", caCertificate, 200, "Queued as 1"],
      ["a certificate that is not trusted", other.caCertificate, 502, "tlsFailed"],
    ])("shows a worker that sends to a server with %s", async (_, trusted, status, answer) => {
      const received: string[] = [];
      await using server = createServer({
        hostname: "mx.example.org",
        tls: { key, cert },
        authentication: { users: memoryKeyStore({ ana: await deriveKeys("pw") }) },
        async onMessage({ content }) {
          received.push(await content.text());
          return accept("Queued as 1");
        },
      });
      const { port } = await server.listen({ host: "127.0.0.1" });
      const environment = { SMTP_HOST: "localhost", SMTP_PORT: String(port), SMTP_USER: "ana", SMTP_PASSWORD: "pw" };
      const sockets = { http: { protocol: "http" } } as const;
      await using worker = await startWorker({ entry: example("sender.ts"), sockets, trusted, environment });
      const response = await fetch(`http://127.0.0.1:${worker.ports["http"]}/`, { method: "POST", body: "Hello!" });
      expect([response.status, await response.text()]).toEqual([status, answer]);
    });

    test("shows a worker that receives, by STARTTLS where its socket can", async () => {
      const sockets = { smtp: { protocol: "tcp" }, smtps: receiving } as const;
      await using worker = await startWorker({ entry: example("receiver.ts"), sockets });
      const { smtp = 0, smtps = 0 } = worker.ports;
      await using plain = await connect({ host: "127.0.0.1", port: smtp });
      await using secure = await connect({
        host: "localhost",
        port: smtps,
        startTls: "required",
        tls: { ca: caCertificate },
      });
      for (const client of [plain, secure]) {
        const message = {
          from: "a@example.net",
          to: ["b@example.org", "b@example.net"],
          content: "Subject: Hi\r\n\r\nHello!\r\n",
        };
        const { recipients } = await client.send(message);
        expect(recipients.map(({ reply }) => reply?.lines)).toEqual([["Queued as 4f2a"], ["Relaying denied"]]);
      }
      expect(findCapability(plain.capabilities, "STARTTLS")).toBeUndefined();
      expect(secure.tls).toMatchObject({ authorized: true });
      expect(worker.output()).toContain("from a@example.net: 23 characters");
    });
  },
);
