// The READMEs of @carteiro/web and @carteiro/deno: their examples are run as they stand, in the runtime that they are for.

import { execFile, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { afterAll, describe, expect, test } from "vitest";
import { deno } from "../conformance/runtimes.ts";

const root = join(import.meta.dirname, "../..");
// Inside this package, so that the examples find the packages by name.
const folder = mkdtempSync(join(import.meta.dirname, "examples-"));
afterAll(() => rmSync(folder, { recursive: true }));

describe("packages/web/README.md", () => {
  test("shows a server and a client that work together", async () => {
    write("packages/web/README.md");
    const { stdout } = await promisify(execFile)(process.execPath, [join(folder, "client.ts")]);
    expect(stdout).toBe("from sender@example.org: 23 characters\n250\n");
  });
});

const required = process.env["CARTEIRO_REQUIRE_PEERS"] !== undefined;

describe.skipIf(deno.absent !== undefined && !required)("packages/deno/README.md", () => {
  test("shows a server and a client that work together, and need the network alone", async () => {
    write("packages/deno/README.md");
    const words = ["run", "--no-check", "--no-remote", "--allow-net"];
    const server = spawn(deno.command, [...words, join(folder, "server.ts"), "0"]);
    try {
      const lines = createInterface(server.stdout)[Symbol.asyncIterator]();
      const port = /port (\d+)/.exec((await lines.next()).value as string)?.[1] ?? "";
      const { stdout } = await promisify(execFile)(deno.command, [...words, join(folder, "client.ts"), port]);
      expect(stdout).toBe(
        "recipient@example.org: accepted, Queued as 4f2a\nrecipient@example.net: refused, Relaying denied\n",
      );
      expect((await lines.next()).value).toBe("from sender@example.org: 23 characters");
    } finally {
      server.kill();
    }
  });
});

/** Writes the code blocks of a document that have a file name. */
function write(document: string): void {
  const text = readFileSync(join(root, document), "utf8");
  for (const [, name = "", code = ""] of text.matchAll(/^```ts file=(\S+)\n(.*?)^```$/gms))
    writeFileSync(join(folder, name), code);
}
