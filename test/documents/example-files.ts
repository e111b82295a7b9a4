// The code blocks of documents that have a file name, as files, and programs that run them.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll } from "vitest";
import { run, start, type Program } from "../support/processes.ts";

/** A program, and what comes before the name of a file that it is to run. */
export type Command = readonly [program: string, ...words: string[]];

export const node: Command = [process.execPath];

export interface Examples {
  /** Where a file lies. */
  readonly at: (file: string) => string;
  /** Runs a file to its end, and gives what it printed. Rejects where it fails. */
  readonly run: (file: string, words?: readonly string[], command?: Command) => Promise<string>;
  /** Starts a server, which gets port 0, and gives the port that it names. Use it up by `await using`. */
  readonly serve: (file: string, command?: Command) => Promise<Program & { readonly port: string }>;
}

/** For the tests of a `describe`, or of the file: writes the files of a document, which go when the tests are over. */
export function examplesOf(document: string): Examples {
  let folder = "";
  beforeAll(() => {
    // Inside this package, so that the examples find the packages by name.
    folder = mkdtempSync(join(import.meta.dirname, "examples-"));
    const text = readFileSync(join(import.meta.dirname, "../..", document), "utf8");
    for (const [, name = "", code = ""] of text.matchAll(/^```ts file=(\S+)\n(.*?)^```$/gms))
      writeFileSync(join(folder, name), code);
  });
  afterAll(() => rmSync(folder, { recursive: true }));
  const at = (file: string) => join(folder, file);
  return {
    at,
    async run(file, words = [], [program, ...before] = node) {
      const { code, stdout, stderr } = await run(program, [...before, at(file), ...words]);
      if (code !== 0) throw new Error(`${file} ended with ${code}: ${stderr}`);
      return stdout;
    },
    async serve(file, [program, ...before] = node) {
      const server = start(program, [...before, at(file), "0"]);
      const port = await server.until((lines) => lines.map((line) => /port (\d+)/.exec(line)?.[1]).find(Boolean));
      return { ...server, port };
    },
  };
}
