// What a fuzzed session goes through: the peer's octets in chunks, time, TLS, the application's intents and its answers. The
// first ones are made of the transcripts.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { openingReplies, type Front } from "../support/transcript-player.ts";
import { readTranscripts, type Role, type Step, type Transcript } from "../support/transcript.ts";

export interface Script {
  readonly front: Front;
  readonly happenings: readonly Happening[];
  /** What the application makes of each decision, over and over; see `server-play.ts`. */
  readonly answers: readonly number[];
  /** Whether octets are handed over although the session does not want them, and TLS begins only where a happening says so. */
  readonly ahead: boolean;
}

export type Happening =
  /** A chunk of the peer's, each octet as a character. */
  | { readonly type: "octets"; readonly text: string }
  | { readonly type: "pass"; readonly milliseconds: number }
  | { readonly type: "secured" | "ended" | "broken" }
  /** An intent as transcripts write it. */
  | { readonly type: "intent"; readonly intent: string; readonly rest: string };

const folder = join(import.meta.dirname, "../transcripts");

/** The scripts of all transcripts of a side. */
export function seeds(role: Role): readonly Script[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".md"))
    .toSorted()
    .flatMap((name) => readTranscripts(name, readFileSync(join(folder, name), "utf8")))
    .filter((transcript) => transcript.role === role && transcript.steps[0]?.kind !== "thrown")
    .map(scriptOf);
}

function scriptOf(transcript: Transcript): Script {
  const { file: _file, headings: _headings, steps, ...front } = transcript;
  const happenings = joined(steps.flatMap((step) => happeningsOf(step, front.role)));
  return { front, happenings, answers: [], ahead: false };
}

function happeningsOf(step: Step, role: Role): readonly Happening[] {
  switch (step.kind) {
    case "said":
      return step.by === role ? [] : [{ type: "octets", text: step.octets }];
    case "passed":
      return [{ type: "pass", milliseconds: step.milliseconds }];
    case "done":
      if (step.what === "TLS") return [{ type: "secured" }];
      return step.by === role ? [] : [{ type: step.what === "ends" ? "ended" : "broken" }];
    case "opened":
      return [{ type: "octets", text: opening(role, step.offering) }];
    case "intended":
      return [{ type: "intent", intent: step.intent, rest: step.rest }];
    default:
      return [];
  }
}

function opening(role: Role, offering: readonly string[] = []): string {
  return role === "server" ? "EHLO client.example.org\r\n" : openingReplies(offering);
}

/** Lines that follow one another come in one chunk. */
function joined(happenings: readonly Happening[]): readonly Happening[] {
  const merged: Happening[] = [];
  for (const happening of happenings) {
    const last = merged.at(-1);
    if (happening.type !== "octets" || last?.type !== "octets") merged.push(happening);
    else merged.splice(-1, 1, { type: "octets", text: last.text + happening.text });
  }
  return merged;
}

/** All octets of the peer, in order. */
export function octetsIn(script: Script): string {
  return script.happenings.map((happening) => (happening.type === "octets" ? happening.text : "")).join("");
}
