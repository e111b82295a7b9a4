// The test kit under every test runner that its README names: the same cases, each by a file as its users would write it.

import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { bun, deno, node, type Runtime } from "../conformance/runtimes.ts";
import { cases } from "./runners/cases.ts";

const root = join(import.meta.dirname, "..");
const jestProgram = join(root, "node_modules", "jest", "bin", "jest.js");
const jest: Runtime = {
  name: "jest",
  command: process.execPath,
  words: ["--experimental-vm-modules"],
  ...(!existsSync(jestProgram) && { absent: "jest is not installed" }),
};

const runners: readonly (readonly [Runtime, words: readonly string[], passed: RegExp])[] = [
  [node, ["--test", "testing/runners/node.ts"], /pass 4\b[^]*fail 0\b/],
  [deno, ["test", "--no-check", "--no-remote", "testing/runners/deno.ts"], /ok \| 4 passed \| 0 failed/],
  [bun, ["test", "./testing/runners/bun.ts"], /4 pass\n[^]*0 fail/],
  [jest, [jestProgram, "--config", "testing/runners/jest.config.mjs"], /Tests: +4 passed, 4 total/],
];

const required = process.env["CARTEIRO_REQUIRE_PEERS"] !== undefined;

describe.each(runners)("$name", (runtime, words, passed) => {
  test.skipIf(runtime.absent !== undefined && !required)(`runs the cases${note(runtime)}`, async () => {
    // Those of `deno run` are not those of `deno test`.
    const before = runtime === jest ? runtime.words : [];
    const { FORCE_COLOR: _, NODE_OPTIONS: __, ...around } = process.env;
    const env = { ...around, NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" };
    const running = promisify(execFile)(runtime.command, [...before, ...words], { cwd: root, env, timeout: 50_000 });
    const { stdout, stderr } = await running;
    expect(stdout + stderr).toMatch(passed);
  });
});

function note({ absent }: Runtime): string {
  return absent === undefined ? "" : ` (${absent})`;
}

describe("vitest", () => {
  for (const { name, run } of cases) test(name, run);
});
