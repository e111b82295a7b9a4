// Shrinks a recorded session to the fewest lines of which something still holds, and writes them out as a test.

import { ddmin } from "./ddmin.ts";
import { linesOf, type Line } from "./lines.ts";
import { parseRecording, RecordingError, type Recording } from "./recording.ts";
import { replay, type ReplayOptions } from "./replay.ts";
import { play, scriptOf, type Script } from "./script.ts";
import { sessionOf } from "./session-of.ts";
import { transcriptOf } from "./transcript.ts";

/** How a shorter session went. */
export interface Run {
  /** As transcripts write them: `C: …`, `S: …`, `-> …`, `<- …`. */
  readonly lines: readonly Line[];
  readonly recording: Recording;
}

export interface ShrinkOptions extends ReplayOptions {
  /**
   * What must still be so: a text that one of the lines holds, as `S: 554 5.6.0`, or a function of the run. Default: the first
   * line that a replay has and the recording has not.
   */
  readonly fails?: string | ((run: Run) => boolean);
  /** What the test is called. */
  readonly name?: string;
}

export interface Shrunk {
  /** Markdown: a heading, and a dialogue that Carteiro's transcripts take as it is. */
  readonly transcript: string;
  readonly run: Run;
}

/**
 * Throws `RecordingError` where the session as a whole does not fail: played without its own timing, or at all. What AUTH brought is
 * in no recording: where it cannot be left out, the transcript has blanks in its place.
 */
export function shrink(given: Recording | string, options: ShrinkOptions = {}): Shrunk {
  const recording = typeof given === "string" ? parseRecording(given) : given;
  const { fails = firstDifference(recording, options) } = options;
  const holds = typeof fails === "string" ? ({ lines }: Run) => lines.some(({ text }) => text.includes(fails)) : fails;
  const tried = (script: Script): Run | undefined => {
    const run = runOf(script, recording, options);
    return run !== undefined && holds(run) ? run : undefined;
  };
  const whole = scriptOf(recording);
  if (tried(whole) === undefined)
    throw new RecordingError(`The session as a whole does not come to it: ${shownWish(fails)}`);
  const parts = ddmin(whole.parts, (fewer) => tried({ ...whole, parts: fewer }) !== undefined);
  const answers = ddmin(whole.answers, (fewer) => tried({ parts, answers: fewer }) !== undefined);
  const least = { parts: ddmin(parts, (fewer) => tried({ parts: fewer, answers }) !== undefined), answers };
  const run = tried(least);
  if (run === undefined) throw new RecordingError("The session does not come to the same twice");
  return { transcript: markdown(options.name ?? shownName(recording, fails), run, fails), run };
}

function firstDifference(recording: Recording, options: ShrinkOptions): string {
  const added = replay(recording, options).differences.find(({ mark }) => mark === "+");
  if (added !== undefined) return added.line.text;
  throw new RecordingError("The session says nothing now that it did not say then: tell what must be so, in fails");
}

function runOf(script: Script, recording: Recording, options: ShrinkOptions): Run | undefined {
  const session = options.session?.(recording) ?? sessionOf(recording, withoutDelays(recording, options));
  const played = play(script, session, recording);
  return played && { lines: linesOf(played), recording: played };
}

/** Transcripts are played without delays, unless they ask for them. */
function withoutDelays({ role, options }: Recording, given: ShrinkOptions): ShrinkOptions {
  if (role === "client") return given;
  const timeouts = {
    errorDelay: 0,
    authenticationDelay: 0,
    ...Object(options["timeouts"]),
    ...given.options?.timeouts,
  };
  return { ...given, options: { ...given.options, timeouts } };
}

function markdown(name: string, { recording }: Run, fails: ShrinkOptions["fails"]): string {
  const [mark = "", type = ""] = typeof fails === "string" ? fails.split(" ") : [];
  return `### ${name}\n\n\`\`\`smtp\n${transcriptOf(recording, mark === "->" ? [type] : [])}\`\`\`\n`;
}

function shownName({ role }: Recording, fails: ShrinkOptions["fails"]): string {
  return `${role === "server" ? "Server" : "Client"} comes to ${shownWish(fails)}`;
}

function shownWish(fails: ShrinkOptions["fails"]): string {
  return typeof fails === "string" ? fails : "what was asked for";
}
