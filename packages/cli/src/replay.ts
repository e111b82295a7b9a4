// `carteiro replay`: has a recorded session go once more, by the Carteiro that is installed, and says what differs.

import { replay, shrink, type Recording } from "@carteiro/testing";

import type { ReplayOptions } from "./recording-options.ts";
import { readRecording, toldAsCommandError } from "./recording-file.ts";
import { exitDifferent, sysexits, type ExitCode } from "./sysexits.ts";
import { escapeControls } from "./terminal.ts";

/** What differs goes to standard output, and so does a transcript. Throws `CommandError` for a file that is no recording. */
export async function replayCommand({ file, shrink: shrinks, line }: ReplayOptions): Promise<ExitCode> {
  const recording = await readRecording(file);
  return toldAsCommandError(file, () => (shrinks ? showShrunk(recording, line) : showDifferences(recording, file)));
}

function showDifferences(recording: Recording, file: string): ExitCode {
  const { same, diff, differences } = replay(recording);
  show(same ? `${file}: the session goes as it went, ${differences.length} lines\n` : diff);
  return same ? sysexits.EX_OK : exitDifferent;
}

function showShrunk(recording: Recording, line: string | undefined): ExitCode {
  if (line === undefined && replay(recording).same) return showDifferences(recording, "There is nothing to shrink");
  show(shrink(recording, line === undefined ? {} : { fails: line }).transcript);
  return line === undefined ? exitDifferent : sysexits.EX_OK;
}

function show(text: string): void {
  const lines = text.split("\n").map(escapeControls);
  process.stdout.write(lines.join("\n"));
}
