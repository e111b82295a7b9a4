// Recordings of sessions, as `--record` writes them.

import { readFile } from "node:fs/promises";

import { parseRecording, RecordingError, type Recording } from "@carteiro/testing";

import { sysexits } from "./sysexits.ts";
import { CommandError, errorMessage } from "./system-error.ts";

/** Throws `CommandError` for a file that cannot be read or is no recording. */
export async function readRecording(file: string): Promise<Recording> {
  const text = await readFile(file, "utf8").catch((error: unknown) => {
    const message = `The recording cannot be read: ${errorMessage(error)}.`;
    throw new CommandError(sysexits.EX_NOINPUT, message, { cause: error });
  });
  return toldAsCommandError(file, () => parseRecording(text));
}

/** What is wrong with the recording is for the user to read. */
export function toldAsCommandError<Result>(file: string, act: () => Result): Result {
  try {
    return act();
  } catch (error) {
    if (!(error instanceof RecordingError)) throw error;
    throw new CommandError(sysexits.EX_DATAERR, `${file}: ${error.message}.`, { cause: error });
  }
}
