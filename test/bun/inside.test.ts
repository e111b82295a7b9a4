// Runs what stands beside it as `*.contract.ts` inside of Bun, by vitest itself.

import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { bun } from "../conformance/runtimes.ts";

const required = process.env["CARTEIRO_REQUIRE_PEERS"] !== undefined;
const vitest = join(import.meta.dirname, "../node_modules/vitest/vitest.mjs");
const settings = join(import.meta.dirname, "vitest.config.ts");

describe.skipIf(bun.absent !== undefined && !required)("@carteiro/bun inside of Bun", () => {
  test("the transport keeps the contract of all transports, and servers and clients listen and reach as they should", async () => {
    const words = ["--bun", vitest, "run", "--config", settings, "--reporter", "dot"];
    const run = promisify(execFile)(bun.command, words, { env: { ...process.env, NO_COLOR: "1" } });
    // Where tests fail, it ends with 1: the rejection says what it printed.
    const { stdout } = await run.catch((error: { readonly stdout?: string; readonly stderr?: string }) => {
      throw new Error(`${error.stdout ?? ""}${error.stderr ?? ""}`, { cause: error });
    });
    expect(stdout).toMatch(/Tests {2}\d+ passed \(\d+\)/);
  }, 120_000);
});
