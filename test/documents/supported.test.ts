// docs/supported.md leaves nothing out: each verb that the chart takes, each keyword that an extension announces and each SASL
// mechanism has a row; and each row that says where it is tested names something that there is.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { serverMachine } from "@carteiro/core/machines";
import { describe, expect, test } from "vitest";
import type { Extension, Offer } from "../../packages/core/src/extensions/extension.ts";
import { strengthOrder } from "../../packages/core/src/sasl/mechanisms.ts";
import { eventsOf } from "../support/chart-walk.ts";

const root = join(import.meta.dirname, "../..");
const document = readFileSync(join(root, "docs/supported.md"), "utf8");

interface Row {
  readonly section: string;
  readonly name: string;
  /** Cells by the heading of their column. */
  readonly cells: Readonly<Record<string, string>>;
}

const rows = document
  .split(/^## /m)
  .slice(1)
  .flatMap((section) => rowsOf(section));

function rowsOf(text: string): readonly Row[] {
  const [section = ""] = text.split("\n", 1);
  const [head = [], , ...body] = text
    .split("\n")
    .filter((line) => line.startsWith("|"))
    .map((line) =>
      line
        .split("|")
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
  return body.map((cells) => {
    const named = Object.fromEntries(head.map((name, index) => [name, cells[index] ?? ""]));
    return { section, name: cells[0] ?? "", cells: named };
  });
}

/** Words that rows of a section are about, in upper case, with what stands in backquotes. */
function wordsOf(...sections: readonly string[]): readonly string[] {
  return rows
    .filter(({ section }) => sections.includes(section))
    .flatMap(({ name }) => name.toUpperCase().split(/[\s,`]+/));
}

/** The chart takes a command by its verb: its other events are in lower case. */
const verbs = eventsOf(serverMachine).filter((event) => /^[A-Z]+$/.test(event));

/** What extensions are made with that are made. */
const circumstances: Readonly<Record<string, unknown>> = {
  limits: { rcptMax: 100 },
  futureRelease: { interval: 3_600, until: 4_102_444_800_000 },
};
const offer: Offer = {
  messageSize: 1_000,
  startTls: true,
  secured: true,
  trusted: true,
  protocol: "smtp",
  mechanisms: ["PLAIN"],
};
/** What lies among the extensions and is none. */
const noExtensions = [
  "attributes.ts",
  "definition.ts",
  "extension.ts",
  "soundness.ts",
  "standard.ts",
  "taken-names.ts",
  "twins.ts",
];

const folder = join(root, "packages/core/src/extensions");
const extensions = readdirSync(folder).filter((file) => file.endsWith(".ts") && !noExtensions.includes(file));

/** An extension's file exports it, or what makes it, under the file's own name. */
async function keywordOf(file: string): Promise<string | undefined> {
  const name = file.slice(0, -".ts".length).replaceAll(/-(.)/g, (_, letter: string) => letter.toUpperCase());
  const module = (await import(join(folder, file))) as Record<string, Extension | ((given?: unknown) => Extension)>;
  const exported = Object.entries(module).find(([key]) => key.toLowerCase() === name.toLowerCase())?.[1];
  const extension = typeof exported === "function" ? exported(circumstances[name]) : exported;
  return (extension?.announce({ ...offer, secured: false }) ?? extension?.announce(offer))?.split(" ")[0];
}

describe("docs/supported.md", () => {
  test.each(verbs)("has a row for the verb %s", (verb) => expect(wordsOf("Verbs")).toContain(verb));

  test.each(extensions)("has a row for the keyword of %s", async (file) => {
    const keyword = await keywordOf(file);
    expect(keyword, "the extension that a file is named for is exported under that name").toBeDefined();
    expect(wordsOf("Extensions", "Verbs")).toContain(keyword);
  });

  test.each(strengthOrder)("has a row for the mechanism %s, or its family", (mechanism) => {
    const family = mechanism.split("-SHA", 1)[0];
    const words = wordsOf("Extensions", "SASL mechanisms");
    expect(words.some((word) => word === mechanism || word === family)).toBe(true);
  });

  const column = "tested in";
  const tested = rows.filter(({ cells }) => column in cells);

  test.each(tested.map((row) => [row.name, row] as const))("names tests that there are for: %s", (_, { cells }) => {
    const places = (cells[column] ?? "").split(/,\s*/).filter((place) => place !== "");
    const missing = places.filter(
      (place) => !existsSync(join(root, place.startsWith("test/") ? place : `test/${place}`)),
    );
    expect(missing).toEqual([]);
    const isSpoken = Object.entries(cells).some(
      ([name, cell]) => isAbout(name) && cell !== "" && !/^no(t yet)?\b/.test(cell),
    );
    if (isSpoken) expect(places).not.toEqual([]);
  });

  test("has rows enough for this to mean something", () => {
    expect(tested.length).toBeGreaterThan(30);
    expect(extensions.length).toBeGreaterThan(20);
    expect(verbs.length).toBeGreaterThan(12);
  });
});

/** Columns that say whether something is there. */
function isAbout(column: string): boolean {
  return ["server", "client", "parse", "format", "package"].includes(column);
}
