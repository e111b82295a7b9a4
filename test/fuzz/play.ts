// Plays a script against a session and finds fault: what `SessionHarness` checks of every output, and what holds of a whole
// session of either side. What holds of one side alone is in server-play.ts and client-play.ts.

import assert from "node:assert/strict";
import { InvalidValueError, LocalProtocolError, type CryptoOperation } from "@carteiro/core";
import { countedOctets } from "../support/counted-octets.ts";
import { coalesced, octetsOf, type SessionHarness } from "../support/session-harness.ts";
import { executorOf, tlsOf, type Front } from "../support/transcript-player.ts";
import type { Happening, Script } from "./script.ts";

/** How the octets of a chunk come, and how closely the session is looked at. */
export interface Manner {
  /** Octets in a chunk, at most. */
  readonly size: number;
  /** Whether it is counted how often each octet is looked at, which takes its time. */
  readonly counted: boolean;
  /** Takes the dialogue in the notation of transcripts, line by line. */
  readonly lines?: string[];
}

export const whole: Manner = { size: Infinity, counted: false };

export interface Played {
  /** The session's octets. */
  readonly output: string;
  /** With slices of content put together. */
  readonly events: readonly unknown[];
  /** Ways through the chart, and what was told and said in its states: what tells one script from another. */
  readonly features: ReadonlySet<string>;
  /** Whether it came to TLS: then it matters which octets came before. */
  readonly secured: boolean;
}

/** A session on its way through a script. */
export interface Stage {
  readonly harness: SessionHarness<object, { readonly type: string }>;
  readonly state: () => string;
  /** Submits an intent of the notation's; throws what the session throws. */
  readonly intend: (intent: string, rest: string) => void;
  readonly writtenLine: (by: "peer" | "session", octets: string) => string;
  readonly writtenEvent: (event: { readonly type: string }) => string;
}

/** What came of the happenings, before time runs out. */
export interface Passage extends Played {
  /** What the session was handed, and had not closed before. */
  readonly heard: string;
}

const longest = 86_400_000;
/** How often an octet may be looked at: more than it takes, and less than any search of what came before. */
const looksEach = 64;

/** Goes through all happenings, and lets what can be done at once be done after each. */
export function perform(stage: Stage, script: Script, { size, counted, lines }: Manner): Passage {
  const { harness } = stage;
  const features = new Set<string>();
  let heard = "";
  let looks = 0;
  let events = 0;
  let output = "";

  const note = (before: string) => {
    const after = stage.state();
    features.add(`${before} > ${after}`);
    for (const event of harness.events.slice(events)) {
      features.add(`${before} ${event.type}`);
      lines?.push(`-> ${stage.writtenEvent(event)}`);
    }
    events = harness.events.length;
    const said = harness.output.slice(output.length);
    output += said;
    for (const line of said.split(/(?<=\n)/).filter((text) => text !== "")) {
      features.add(`${before} ${/^[\d]{3}|^[A-Z]+/.exec(line)?.[0] ?? ""}`);
      lines?.push(stage.writtenLine("session", line));
    }
    if (harness.closed) features.add(`${before} closed`);
  };

  const hear = (text: string) => {
    for (let at = 0; at < text.length && !harness.closed; at += size) {
      const octets = octetsOf(text.slice(at, at + size));
      const watched = counted ? countedOctets(octets) : undefined;
      if (!harness.receive(watched?.octets ?? octets)) return;
      heard += text.slice(at, at + size);
      looks += watched?.looks() ?? 0;
    }
  };

  const happen = (happening: Happening) => {
    switch (happening.type) {
      case "octets":
        for (const line of lines === undefined ? [] : happening.text.split(/(?<=\n)/))
          lines?.push(stage.writtenLine("peer", line));
        return hear(happening.text);
      case "pass":
        lines?.push(`… ${happening.milliseconds} ms pass`);
        return harness.passTo(harness.now + happening.milliseconds);
      case "secured":
        harness.session.handle({ type: "secured", tls: tlsOf(script.front) }, harness.now);
        return harness.elapse();
      case "ended":
        return harness.end();
      case "broken":
        return harness.break();
      case "intent":
        lines?.push(`<- ${happening.intent} ${happening.rest}`);
        return unlessRefused(() => stage.intend(happening.intent, happening.rest));
    }
  };

  for (const happening of script.happenings) {
    const before = stage.state();
    happen(happening);
    if (!script.ahead) settle(harness);
    note(before);
    if (harness.closed) break;
  }
  assert.ok(looks <= looksEach * (heard.length + 1_000), `${looks} looks at ${heard.length} octets`);
  return { output, events: coalesced(harness.events), features, secured: harness.securings > 0, heard };
}

/** The session comes to its end within its time, whatever it was doing, and nothing wakes it up. */
export function runOut({ harness }: Stage): void {
  const from = harness.now;
  harness.runOut();
  assert.ok(harness.now - from <= longest, `it took ${harness.now - from} ms to end`);
  harness.session.handle({ type: "received", bytes: octetsOf("NOOP\r\n250 a\r\n") }, harness.now);
  harness.session.handle({ type: "elapsed" }, harness.now + longest);
  assert.deepEqual(harness.session.poll(), { kind: "idle", wants: "nothing", deadline: undefined });
}

/** Until the session wants octets again. */
function settle(harness: Stage["harness"]): void {
  while (harness.idle.wants === "intent" && harness.advance());
}

/** What a caller can be blamed for is refused in words; anything else is a fault of the session's. */
export function unlessRefused(act: () => void): void {
  try {
    act();
  } catch (error) {
    if (!(error instanceof LocalProtocolError) && !(error instanceof InvalidValueError)) throw error;
  }
}

const mostIterations = 10_000;

/** Computes what a session needs computed, each time the same; nothing where that would take time that is not the session's. */
export function computing(front: Front): (operation: CryptoOperation) => Uint8Array | undefined {
  const execute = executorOf(front);
  return (operation) =>
    operation.type === "pbkdf2" && operation.iterations > mostIterations ? undefined : execute(operation);
}
