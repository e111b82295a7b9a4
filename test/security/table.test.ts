// SECURITY.md promises tests for each attack of its table: each row names some, and none is left out.

import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";

const text = readFileSync(new URL("../../SECURITY.md", import.meta.url), "utf8");
const rows = text
  .split("\n")
  .filter((line) => line.startsWith("| "))
  .map((line) => line.split(" | "))
  .slice(1);
const suffix = ".test.ts";
const files = readdirSync(import.meta.dirname)
  .filter((file) => file.endsWith(suffix))
  .map((file) => file.slice(0, -suffix.length));

/** What stands between backquotes. */
function named(cell: string | undefined): string[] {
  return (cell ?? "").split("`").filter((_, index) => index % 2 === 1);
}

describe("SECURITY.md", () => {
  test.each(rows.map((cells) => [cells[0] ?? "", cells.at(-1)] as const))("names tests for: %s", (_, cell) => {
    expect(named(cell)).not.toEqual([]);
    expect(files).toEqual(expect.arrayContaining(named(cell)));
  });

  test("names every test of security", () => {
    expect(rows.length).toBeGreaterThan(10);
    const all = new Set(rows.flatMap((cells) => named(cells.at(-1))));
    expect(files.filter((file) => file !== "table" && !all.has(file))).toEqual([]);
  });
});
