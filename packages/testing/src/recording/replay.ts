// Replays a recording against the session of this build, and says what has become different.

import { LocalProtocolError, type Output } from "@carteiro/core";
import { differences, unified, type Difference } from "./difference.ts";
import { fromJson, toJson } from "./json.ts";
import { linesOf } from "./lines.ts";
import { Recorder } from "./record.ts";
import {
  isCall,
  parseRecording,
  type AnyEvent,
  type AnyIntent,
  type Call,
  type Entry,
  type Recording,
  type Said,
} from "./recording.ts";
import { sessionOf, type AnySession, type SessionOptions } from "./session-of.ts";

export interface ReplayOptions extends SessionOptions {
  /** Makes the session that is to be tried. Default: this build's, with the options that were recorded. */
  readonly session?: (recording: Recording) => AnySession;
}

export interface Replay {
  /** Whether everything was said, told and thrown as it was. */
  readonly same: boolean;
  /** All lines, marked. */
  readonly differences: readonly Difference[];
  /** The lines that differ with some around them, `-` as recorded and `+` as it is now; empty where nothing differs. */
  readonly diff: string;
  /** The session as it is now. */
  readonly replayed: Recording;
}

/** Throws `RecordingError` for a text that is no recording. A session that throws what it must not is a difference. */
export function replay(recording: Recording | string, options: ReplayOptions = {}): Replay {
  const given = typeof recording === "string" ? parseRecording(recording) : recording;
  const replayed = { ...given, entries: rerun(given, options) };
  const found = differences(linesOf(given), linesOf(replayed));
  return { same: found.every(({ mark }) => mark === " "), differences: found, diff: unified(found), replayed };
}

/** A call, and what was said until the next one. */
interface Turn {
  readonly call: Call | undefined;
  readonly said: readonly Said[];
}

function rerun(recording: Recording, options: ReplayOptions): readonly Entry[] {
  const session = options.session?.(recording) ?? sessionOf(recording, options);
  const entries: Entry[] = [];
  // As a file would hold them: an envelope goes on being filled.
  const keep = (entry: Entry) => void entries.push(fromJson(toJson(entry)) as Entry);
  const recorder = new Recorder({ role: recording.role, state: () => session.state }, false, keep);
  const numbers = new Numbers(recording.entries);
  try {
    for (const { call, said } of turnsOf(recording.entries)) {
      if (call !== undefined) make(call, { session, recorder, numbers });
      drain(said, { session, recorder, numbers });
    }
  } catch (error) {
    entries.push({
      threw: error instanceof Error ? `${error.name} ${error.message}` : "something that is no error",
      state: session.state,
    });
  }
  return entries;
}

interface Rerun {
  readonly session: AnySession;
  readonly recorder: Recorder;
  readonly numbers: Numbers;
}

function make(call: Call, { session, recorder, numbers }: Rerun): void {
  const { at } = call;
  if ("handle" in call) {
    const input =
      call.handle.type === "computed"
        ? { ...call.handle, computation: numbers.computation(call.handle.computation) }
        : call.handle;
    session.handle(input, at);
    return recorder.handled(input, at);
  }
  const intent = numbers.intent(call.submit);
  try {
    submit(session, intent, at);
    recorder.submitted(intent, at);
  } catch (error) {
    if (!(error instanceof LocalProtocolError)) throw error;
    recorder.submitted(intent, at, error);
  }
}

/** Each side has intents of its own, which the recording of its role has alone. */
export function submit(session: AnySession, intent: AnyIntent, at: number): void {
  (session as { submit(intent: AnyIntent, now: number): void }).submit(intent, at);
}

/** More polls of one call than that are no end. */
const mostPolls = 1_000_000;

/** Polls until the session is idle, or has said what had been said when the next call came. */
function drain(said: readonly Said[], { session, recorder, numbers }: Rerun): void {
  const last = said.at(-1);
  if (last === undefined) return;
  const until = kindOf(last);
  let left = said.filter((output) => kindOf(output) === until).length;
  for (let polls = 0; polls < mostPolls; polls += 1) {
    const output: Output<AnyEvent> = session.poll();
    recorder.polled(output);
    numbers.note(output);
    if (output.kind === "idle") return;
    if (kindOf(output.kind === "event" ? { event: output.event } : { effect: output.effect }) === until) left -= 1;
    if (left === 0) return;
  }
}

function kindOf(said: Partial<Record<"event" | "effect", { readonly type: string }>> | Said): string {
  if ("event" in said && said.event !== undefined) return `event ${said.event.type}`;
  return "effect" in said && said.effect !== undefined ? `effect ${said.effect.type}` : "idle";
}

function turnsOf(entries: readonly Entry[]): readonly Turn[] {
  const turns: { call: Call | undefined; said: Said[] }[] = [{ call: undefined, said: [] }];
  for (const entry of entries) {
    if (isCall(entry)) turns.push({ call: entry, said: [] });
    else turns.at(-1)?.said.push(entry);
  }
  return turns;
}

/** Decisions and computations have numbers that need not be the same in another build: the nth is the nth. */
class Numbers {
  readonly #recorded = { decisions: new Map<number, number>(), computations: new Map<number, number>() };
  readonly #now = { decisions: [] as number[], computations: [] as number[] };

  constructor(entries: readonly Entry[]) {
    for (const entry of entries) {
      const decision = "event" in entry ? decisionOf(entry.event) : undefined;
      const { decisions, computations } = this.#recorded;
      if (decision !== undefined) decisions.set(decision, decisions.size);
      if ("effect" in entry && entry.effect.type === "compute")
        computations.set(entry.effect.computation, computations.size);
    }
  }

  note(output: Output<AnyEvent>): void {
    const decision = output.kind === "event" ? decisionOf(output.event) : undefined;
    if (decision !== undefined) this.#now.decisions.push(decision);
    if (output.kind === "effect" && output.effect.type === "compute")
      this.#now.computations.push(output.effect.computation);
  }

  intent(intent: AnyIntent): AnyIntent {
    if (!("decision" in intent)) return intent;
    const index = this.#recorded.decisions.get(intent.decision) ?? -1;
    return { ...intent, decision: this.#now.decisions[index] ?? -1 };
  }

  computation(recorded: number): number {
    const index = this.#recorded.computations.get(recorded) ?? -1;
    return this.#now.computations[index] ?? -1;
  }
}

/** Of a question, and not of an answer that came too late. */
export function decisionOf(event: AnyEvent): number | undefined {
  return "decision" in event && event.type !== "decisionExpired" ? event.decision : undefined;
}
