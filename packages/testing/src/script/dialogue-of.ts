// A recorded session as a dialogue that scripted peers play, on either side.

import { linesOf } from "../recording/lines.ts";
import { parseRecording, type Recording } from "../recording/recording.ts";

/**
 * What both sides said, each octet of it, and when they started TLS and ended; not how long it took. What AUTH brought is in no
 * recording: put `*` there, or what it was. Throws `RecordingError` for a text that is no recording.
 */
export function dialogueOf(given: Pick<Recording, "role" | "now" | "entries"> | string): string {
  const recording = typeof given === "string" ? parseRecording(given) : given;
  const said = linesOf(recording).filter(({ kind }) => kind === "client" || kind === "server");
  return said.map(({ text }) => `${literal(text)}\n`).join("");
}

/** What has a meaning in an expected line stands for itself. */
function literal(text: string): string {
  return text.replaceAll("*", "\\*").replaceAll("{", "\\x7b");
}
