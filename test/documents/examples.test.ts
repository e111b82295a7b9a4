// The examples in the documents are run as they stand: what a document shows is true.

import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { localhostCertificates } from "../support/certificates.ts";

const root = join(import.meta.dirname, "../..");
let folder = "";

beforeAll(() => {
  // Inside this package, so that the examples find the packages by name.
  folder = mkdtempSync(join(import.meta.dirname, "examples-"));
  for (const document of ["README.md", "docs/esmtp.md", "docs/write-an-adapter.md"]) {
    for (const [name, code] of examples(document)) writeFileSync(join(folder, name), code);
  }
});

afterAll(() => rmSync(folder, { recursive: true }));

describe("README.md", () => {
  it("shows a server and a client that work together", async () => {
    const server = spawn(process.execPath, [join(folder, "server.ts"), "0"]);
    try {
      const lines = createInterface(server.stdout)[Symbol.asyncIterator]();
      const port = /port (\d+)/.exec((await lines.next()).value as string)?.[1] ?? "";
      expect(await run("client.ts", port)).toBe(
        "recipient@example.org: accepted, Queued as 4f2a\nrecipient@example.net: refused, Relaying denied\n",
      );
      expect((await lines.next()).value).toBe("from sender@example.org: 30 characters");
    } finally {
      server.kill();
    }
  });

  it("shows client and server in memory", async () => {
    expect(await run("both.ts")).toMatch(/^Subject: Hi\r\n\r\nHello!\r\n\n250 after \d+ virtual milliseconds\n$/);
  });

  it("shows the engine by itself", async () => {
    const output = await run("engine.ts");
    expect(output).toContain("250-mx.example.org greets client.example");
    expect(output).toMatch(/dialogue\.idle\.expectingMail\n$/);
  });
});

describe("docs/esmtp.md", () => {
  it("shows an extension of one's own, on both sides", async () => {
    expect(await run("extension.ts")).toBe("Mixed RED and BLUE / Painted BLUE\n");
  });

  it("shows LMTP, with an answer for each recipient", async () => {
    expect(await run("lmtp.ts")).toBe("delivered / Mailbox full\n");
  });

  it("shows a login by SCRAM that is bound to the connection", async () => {
    const { key, certificate, caCertificate } = await localhostCertificates();
    const files = Object.entries({ "key.pem": key, "cert.pem": certificate, "ca.pem": caCertificate });
    for (const [name, pem] of files) writeFileSync(join(folder, name), pem);
    expect(await run("users.ts", ...files.map(([name]) => join(folder, name)))).toBe(
      "mail of jones\nAUTH SCRAM-SHA-512-PLUS *\n",
    );
  });
});

describe("docs/write-an-adapter.md", () => {
  it("shows an adapter over which a message is sent", async () => {
    expect(await run("duplex-client.ts")).toBe("Took 23 octets\n");
  });
});

/** The code blocks of a document that have a file name. */
function examples(document: string): [string, string][] {
  const text = readFileSync(join(root, document), "utf8");
  return Array.from(text.matchAll(/^```ts file=(\S+)\n(.*?)^```$/gms), ([, name = "", code = ""]) => [name, code]);
}

function run(name: string, ...args: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(folder, name), ...args]);
    let output = "";
    let errors = "";
    child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (errors += chunk.toString()));
    child.on("exit", (code) =>
      code === 0 ? resolve(output) : reject(new Error(`${name} ended with ${code}: ${errors}`)),
    );
  });
}
