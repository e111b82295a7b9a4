// A failing script as a document: the dialogue as a transcript would have it, for people, and the script itself, to play it
// again. Outside of the repository: what is worth keeping becomes a transcript or a pinned counterexample by hand.

import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { playClient } from "./client-play.ts";
import { whole } from "./play.ts";
import type { Script } from "./script.ts";
import { playServer } from "./server-play.ts";

/** Where it has been written. */
export function written(script: Script, error: unknown): string {
  const text = document(script, error);
  const folder = join(tmpdir(), "carteiro-fuzz");
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${script.front.role}-${createHash("sha256").update(text).digest("hex").slice(0, 12)}.md`);
  writeFileSync(file, text);
  return file;
}

/** The script of such a document. Throws where there is none in it. */
export function scriptIn(file: string): Script {
  const [, json] = /^```json\n(.*?)\n```$/ms.exec(readFileSync(file, "utf8")) ?? [];
  if (json === undefined) throw new Error(`${file} has no script in a block of JSON`);
  return JSON.parse(json) as Script;
}

function document(script: Script, error: unknown): string {
  const { front } = script;
  const problem = error instanceof Error ? (error.stack ?? error.message) : String(error);
  const circumstances = `${front.overTls ? " over TLS" : ""}${front.bindable ? " with channel bindings" : ""}`;
  return [
    `# A ${front.role}'s session that failed`,
    indented(problem),
    "What was said until then:",
    block("smtp", `${front.role}${circumstances} ${JSON.stringify(front.options)}\n${dialogue(script)}`),
    "The script, for `--replay`:",
    block("json", JSON.stringify(script)),
    "",
  ].join("\n\n");
}

/** As far as it comes: where playing fails, what the peer said is all there is. */
function dialogue(script: Script): string {
  const play = script.front.role === "server" ? playServer : playClient;
  const lines: string[] = [];
  try {
    play(script, { ...whole, lines });
  } catch {
    // It is why we are here.
  }
  return lines.join("\n");
}

function block(language: string, text: string): string {
  return `\`\`\`${language}\n${text}\n\`\`\``;
}

function indented(text: string): string {
  return text
    .split("\n")
    .map((line) => `    ${line}`)
    .join("\n");
}
