// `carteiro trace`: shows a recorded session, as text or as a page with the state chart.

import { tracePage, traceSteps, type Recording } from "@carteiro/testing";

import type { TraceOptions } from "./recording-options.ts";
import { readRecording, toldAsCommandError } from "./recording-file.ts";
import { sysexits, type ExitCode } from "./sysexits.ts";
import { escapeControls } from "./terminal.ts";

/** Goes to standard output. Throws `CommandError` for a file that is no recording. */
export async function traceCommand({ file, html }: TraceOptions): Promise<ExitCode> {
  const recording = await readRecording(file);
  process.stdout.write(toldAsCommandError(file, () => (html ? tracePage(recording) : traceText(recording))));
  return sysexits.EX_OK;
}

/** A line for each that was said, with the time since the beginning, and the state wherever it is another. */
function traceText(recording: Recording): string {
  let before = "";
  const lines = traceSteps(recording).flatMap(({ text, at, state }) => {
    const time = (at / 1_000).toFixed(3).padStart(9);
    const [first = "", ...more] = text.split("\n").map(escapeControls);
    const shown = [`${time}  ${first}`, ...more.map((line) => `${" ".repeat(9)}  ${line}`)];
    const last = shown.pop() ?? "";
    const marked = state === before ? last : `${last}  [${state}]`;
    before = state;
    return [...shown, marked];
  });
  return `${lines.join("\n")}\n`;
}
