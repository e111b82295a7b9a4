// Recordings as files.

import { appendFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import type { FindWitness } from "@carteiro/driver";
import { record, type RecordOptions } from "../recording/record.ts";

/**
 * Records each session in a file of its own in the folder, which is made where there is none: `NAME-1.jsonl`, where the name is
 * the time at which this was called, unless you give one. A session whose file cannot be written ends, and its connection breaks.
 */
export function recordInto(
  folder: string,
  { name = new Date().toISOString().replaceAll(":", "-"), ...options }: RecordOptions & { readonly name?: string } = {},
): FindWitness {
  mkdirSync(folder, { recursive: true });
  return record(({ number }) => recordingFile(join(folder, `${name}-${number}.jsonl`)), options);
}

/** Records the first session in this file, which is written anew. */
export function recordTo(file: string, options: RecordOptions = {}): FindWitness {
  return record(({ number }) => (number === 1 ? recordingFile(file, "w") : undefined), options);
}

/** Written at once, line by line: a process may end at any time, and a recording that lacks its end is still one. */
function recordingFile(file: string, flag: "a" | "w" = "a"): (line: string) => void {
  let next = flag;
  return (line) => {
    appendFileSync(file, line, { flag: next, mode: 0o600 });
    next = "a";
  };
}
