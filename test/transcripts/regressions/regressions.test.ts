// Each document of published failures says of each where it is told, which side it happened to, and what went wrong. That the
// dialogues hold is tested with all other transcripts.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readTranscripts } from "../../support/transcript.ts";

const index = readFileSync(join(import.meta.dirname, "README.md"), "utf8");
const documents = readdirSync(import.meta.dirname).filter((name) => name.endsWith(".md") && name !== "README.md");

/** The sections of a document, each with its heading in its first line. */
function sectionsOf(text: string): readonly string[] {
  return text.split(/^## /m).slice(1);
}

/** `- Name: value` */
function item(section: string, name: string): string | undefined {
  return new RegExp(`^- ${name}: (.+)$`, "m").exec(section)?.[1];
}

describe.each(documents)("%s", (name) => {
  const sections = sectionsOf(readFileSync(join(import.meta.dirname, name), "utf8"));

  test.each(sections.map((section) => [section.split("\n", 1)[0] ?? "", section]))("tells all of: %s", (_, section) => {
    expect(item(section, "Reference")).toBeDefined();
    expect(item(section, "Went wrong")).toBeDefined();
    const roles = readTranscripts(name, `# ${name}\n## ${section}`).map(({ role }) => role);
    expect(new Set(roles)).toEqual(new Set([item(section, "Role")]));
  });

  test("is in the index", () => expect(index).toContain(`[${name}](${name})`));
});
