// The README of @carteiro/testing: its world is run as it stands there, in every runtime that is here.

import { describe, expect, test } from "vitest";
import { bun, deno } from "../conformance/runtimes.ts";
import { examplesOf, node, type Command } from "./example-files.ts";

const required = process.env["CARTEIRO_REQUIRE_PEERS"] !== undefined;
const examples = examplesOf("packages/testing/README.md");

const runtimes: readonly (readonly [name: string, command: Command, absent: string | undefined])[] = [
  ["Node", node, undefined],
  ["Deno", [deno.command, "run", "--no-check", "--no-remote"], deno.absent],
  ["Bun", [bun.command, "run"], bun.absent],
];

describe("packages/testing/README.md", () => {
  for (const [name, command, absent] of runtimes) {
    test.skipIf(absent !== undefined && !required)(
      `shows five days of retries that take no time under ${name}`,
      async () => {
        const began = performance.now();
        expect(await examples.run("five-days.ts", [], command)).toBe("delivered after 92 hours\n");
        expect(performance.now() - began).toBeLessThan(20_000);
      },
    );
  }
});
