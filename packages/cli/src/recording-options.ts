// The command lines of what is done with recordings of sessions: replay, trace.

import { replayFlags, traceFlags, type ReplayFlag, type TraceFlag } from "./flags.ts";
import { Settings, UsageError } from "./settings.ts";

export interface ReplayOptions {
  readonly file: string;
  /** Whether to look for the least session that differs, or that says the line. */
  readonly shrink: boolean;
  readonly line: string | undefined;
}

export interface TraceOptions {
  readonly file: string;
  readonly html: boolean;
}

/** Throws `UsageError`. */
export function replayOptions(argv: readonly string[]): ReplayOptions {
  const settings = new Settings<ReplayFlag>(replayFlags, argv);
  const line = settings.text("line");
  return { file: recordingFile(settings.positionals), shrink: settings.on("shrink") || line !== undefined, line };
}

/** Throws `UsageError`. */
export function traceOptions(argv: readonly string[]): TraceOptions {
  const settings = new Settings<TraceFlag>(traceFlags, argv);
  return { file: recordingFile(settings.positionals), html: settings.on("html") };
}

function recordingFile([file, unexpected]: readonly string[]): string {
  if (file === undefined) throw new UsageError("A recording is missing: a file that --record has written.");
  if (unexpected !== undefined) throw new UsageError(`"${unexpected}" is a second recording; take one at a time.`);
  return file;
}
