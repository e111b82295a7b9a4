// docs/defence.md: each limit and timeout of a server stands in it with its default, and its examples do what they say.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { defaultServerLimits, defaultServerTimeouts } from "@carteiro/core";
import type { RateOptions, ServerHandlers } from "@carteiro/node";
import { afterAll, describe, expect, test } from "vitest";
import { codes, many, Visit } from "../support/visitors.ts";
import { stubResolver } from "../support/stub-resolver.ts";

const document = readFileSync(join(import.meta.dirname, "../../docs/defence.md"), "utf8");
const cells = document
  .split("\n")
  .filter((line) => line.startsWith("| `"))
  .map((line) => line.split(" | "));
/** Defaults by the option, both as they stand there. */
const defaults = new Map(cells.map(([option = "", value = ""]) => [option.slice("| ".length), value]));

// Inside this package, so that the examples find the packages by name.
const folder = mkdtempSync(join(import.meta.dirname, "examples-"));
afterAll(() => rmSync(folder, { recursive: true }));

async function example(name: string): Promise<object> {
  const [, code = ""] = document.split(`\`\`\`ts file=${name}\n`);
  const file = join(folder, name);
  writeFileSync(file, code.slice(0, code.indexOf("```")));
  return (await import(file)) as object;
}

const options = [
  ...Object.entries(defaultServerLimits).map(([name, value]) => ({ option: `limits.${name}`, value })),
  ...Object.entries(defaultServerTimeouts).map(([name, value]) => ({ option: `timeouts.${name}`, value })),
];

describe("docs/defence.md", () => {
  test.each(options)("says that $option is $value by default", ({ option, value }) => {
    const shown = Number.isFinite(value) ? value.toLocaleString("en-US") : `\`${value}\``;
    expect(defaults.get(`\`${option}\``)?.split(":")[0]).toBe(shown);
  });

  test("shows rates that count and exempt clients", async () => {
    const { rates } = (await example("rates.ts")) as { rates: RateOptions };
    const visit = new Visit({ rates });
    const heard = codes(await visit.come(...many(61, "198.51.100.1"), ...many(61, "192.0.2.1")));
    expect(heard.filter((code) => code === 421)).toHaveLength(1);
    expect(heard[60]).toBe(421);
  });

  test("shows a policy over facts", async () => {
    const { policy } = (await example("policy.ts")) as { policy: ServerHandlers };
    const resolver = stubResolver({
      "PTR 198.51.100.1": ["mail.example.net"],
      "A mail.example.net": ["198.51.100.1"],
      "PTR 198.51.100.2": new Error("SERVFAIL"),
    });
    const visit = new Visit({ ...policy, resolver });
    const visitors = await visit.come("198.51.100.1", "198.51.100.2", "198.51.100.3", "192.0.2.1");
    for (const visitor of visitors) visitor.say("EHLO a.example\r\nMAIL FROM:<a@b>\r\n");
    await visit.clock.advance(1_000);
    expect(visitors.map((visitor) => visitor.codes)).toEqual([
      [220, 250, 250],
      [220, 250, 450],
      [220, 250, 550],
      [220, 250, 250],
    ]);
    expect(resolver.asked).not.toContain("PTR 192.0.2.1");
  });
});
