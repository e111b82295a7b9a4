// What was said, line by line, as dialogues write it.

import { octetsOf } from "../recording/json.ts";
import { linesIn, writtenLine } from "../recording/notation.ts";
import type { Party } from "./dialogue.ts";

const mark = { client: "C:", server: "S:" } as const;

/** Of lines beyond, the oldest are forgotten. */
const mostLines = 10_000;

export class DialogueLog {
  readonly #lines: string[] = [];
  #forgotten = 0;

  said(by: Party, octets: string): void {
    for (const line of linesIn(octetsOf(octets))) this.#add(written(by, line));
  }

  did(by: Party, what: string): void {
    this.#add(`${mark[by]} (${what})`);
  }

  toString(): string {
    const before = this.#forgotten === 0 ? [] : [`# ${this.#forgotten} lines before`];
    return [...before, ...this.#lines].join("\n");
  }

  #add(line: string): void {
    this.#lines.push(line);
    if (this.#lines.length <= mostLines) return;
    this.#lines.shift();
    this.#forgotten += 1;
  }
}

/** As a dialogue writes it. */
export function writtenSaid(by: Party, octets: string): string {
  return written(by, octetsOf(octets));
}

export function writtenDeed(by: Party, what: string): string {
  return `${mark[by]} (${what})`;
}

function written(by: Party, octets: Uint8Array): string {
  const text = writtenLine(octets);
  return text === "" ? mark[by] : `${mark[by]} ${text}`;
}
