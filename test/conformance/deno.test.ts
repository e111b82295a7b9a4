// The conformance suite in Deno, by @carteiro/deno; and what Deno itself finds of the package.

import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { conformanceCertificates } from "./certificates.ts";
import { deno, hear } from "./runtimes.ts";
import type { CaseOutcome } from "./suite.ts";
import { declareReportedCases } from "./vitest.ts";

// The permission that the README names, and no other.
const frugal = { ...deno, words: ["run", "--no-check", "--no-remote", "--allow-net"] };

declareReportedCases(
  "deno",
  async (tell) =>
    hear(frugal, "deno/report.ts", { certificates: await conformanceCertificates() }, (word) =>
      tell(word as CaseOutcome),
    ),
  deno.absent,
);

const required = process.env["CARTEIRO_REQUIRE_PEERS"] !== undefined;
const root = join(import.meta.dirname, "../..");

// Deno checks the types of three packages, which takes long where it has no processor to itself.
describe.skipIf(deno.absent !== undefined && !required)(
  "@carteiro/deno in Deno's own eyes",
  { timeout: 240_000 },
  () => {
    test("passes `deno check`, and so do the tests that run in Deno", async () => {
      const tests = ["test/conformance/deno/cases.ts", "test/deno/adapter.ts"];
      await run(".", ["check", "--no-remote", "packages/deno/src/index.ts", ...tests]);
    });

    test("is ready for JSR, with the packages that it stands on", async () => {
      const words = ["publish", "--dry-run", "--allow-dirty", "--no-remote"];
      // The types of the core's charts are inferred: nobody writes such a type down.
      expect(await run("packages/core", [...words, "--allow-slow-types"])).toContain("Success");
      for (const name of ["driver", "deno"]) expect(await run(`packages/${name}`, words)).toContain("Success");
    });

    test("passes the tests of what it has beyond the suite", async () => {
      // Reading and writing are for a Unix socket.
      const permissions = ["--allow-net", "--allow-read", "--allow-write"];
      const report = await run("test", ["test", "--no-check", "--no-remote", ...permissions, "deno/adapter.ts"]);
      expect(report).toMatch(/ok \| \d+ passed \| 0 failed/);
    });

    test("passes the suite by `deno test --allow-net`", async () => {
      const words = ["test", "--no-check", "--no-remote", "--allow-net", "--filter", "/message arrives|announces/"];
      expect(await run("test", [...words, "conformance/deno/cases.ts"])).toMatch(/ok \| 5 passed \| 0 failed/);
    });
  },
);

/** What a command of Deno's prints; rejects with it where the command fails. */
async function run(folder: string, words: readonly string[]): Promise<string> {
  const env = { ...process.env, NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" };
  const { stdout, stderr } = await promisify(execFile)(deno.command, words, { cwd: join(root, folder), env });
  return stdout + stderr;
}
