// The READMEs of @carteiro/web and @carteiro/deno: their examples are run as they stand, in the runtime that they are for.

import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, describe, expect, test } from "vitest";

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

/** Writes the code blocks of a document that have a file name. */
function write(document: string): void {
  const text = readFileSync(join(root, document), "utf8");
  for (const [, name = "", code = ""] of text.matchAll(/^```ts file=(\S+)\n(.*?)^```$/gms))
    writeFileSync(join(folder, name), code);
}
