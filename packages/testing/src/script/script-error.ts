// What is told where a session does not go as the script has it.

import type { Place } from "./dialogue.ts";

/** In what a session is not as the script has it. */
export interface ScriptDifference {
  /** Where in the dialogue, counted from 1; `undefined` at its end, or where nobody has connected. */
  readonly place?: Place;
  readonly problem: string;
  /** As dialogues write it. */
  readonly received?: string;
  /** What was said until then. */
  readonly dialogue: string;
  readonly cause?: unknown;
}

/** The session is not as the script has it. The message has the line, what came in its place, and the dialogue so far. */
export class ScriptError extends Error {
  override readonly name = "ScriptError";
  /** Of the dialogue, counted from 1. */
  readonly line: number | undefined;
  /** As it stands in the dialogue. */
  readonly expected: string | undefined;
  readonly received: string | undefined;
  readonly dialogue: string;

  constructor({ place, problem, received, dialogue, cause }: ScriptDifference) {
    const texts = [
      `${problem}${place === undefined ? "" : `, in line ${place.line} of the script`}`,
      ...(place === undefined ? [] : [`  expected  ${place.text}`]),
      ...(received === undefined ? [] : [`  received  ${shortened(received)}`]),
      ...pointer(place?.text, received),
      "",
      "So far:",
      ...lastOf(dialogue),
    ];
    super(texts.join("\n"), cause === undefined ? {} : { cause });
    this.line = place?.line;
    this.expected = place?.text;
    this.received = received;
    this.dialogue = dialogue;
  }
}

const mostLines = 60;
const mostCharacters = 400;

function lastOf(dialogue: string): readonly string[] {
  if (dialogue === "") return ["  (nothing was said)"];
  const lines = dialogue.split("\n");
  const before = lines.length - mostLines;
  const shown = lines.slice(-mostLines).map((line) => `  ${shortened(line)}`);
  return before > 0 ? [`  … ${before} lines before`, ...shown] : shown;
}

function shortened(text: string): string {
  return text.length <= mostCharacters ? text : `${text.slice(0, mostCharacters)}… (${text.length} characters)`;
}

/** Below the first character that differs, where two lines can be compared. */
function pointer(wanted: string | undefined, received: string | undefined): readonly string[] {
  if (wanted === undefined || received === undefined || wanted.includes("*") || wanted.includes("{")) return [];
  if (received.slice(0, 3) !== wanted.slice(0, 3)) return [];
  let at = 0;
  while (at < received.length && received[at] === wanted[at]) at += 1;
  return at < mostCharacters ? [`            ${" ".repeat(at)}^`] : [];
}
