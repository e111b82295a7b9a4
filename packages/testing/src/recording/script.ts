// What a session went through, as single things that can be left out: each line that its peer said, each word of its
// application's, and what befell it. Played again, the application answers each question as it did then.

import type { CredentialsDecision, Input, Instant, ServerDecision, TlsInfo } from "@carteiro/core";
import { canonicalJson } from "./json.ts";
import { linesIn, writtenValue } from "./notation.ts";
import { joinedOctets } from "./octets.ts";
import { Recorder } from "./record.ts";
import { decisionOf, submit } from "./replay.ts";
import type { AnyEvent, AnyIntent, Entry, Recording } from "./recording.ts";
import type { AnySession } from "./session-of.ts";

export type Part =
  /** Of one chunk: those of the same number that follow one another come together. */
  | { readonly kind: "said"; readonly octets: Uint8Array; readonly chunk: number }
  | { readonly kind: "happened"; readonly what: "ended" | "broken" }
  | { readonly kind: "secured"; readonly tls: TlsInfo }
  /** Time, as far as it takes for the next deadline. */
  | { readonly kind: "passed" }
  | { readonly kind: "intended"; readonly intent: AnyIntent };

/** How one question was answered, where it was not simply accepted. */
export interface Answer {
  readonly question: string;
  readonly intent: AnyIntent;
}

export interface Script {
  readonly parts: readonly Part[];
  readonly answers: readonly Answer[];
}

/** What is left when the session's own words and what became of them are taken away. */
export function scriptOf({ entries }: Recording): Script {
  const parts: Part[] = [];
  const answers: Answer[] = [];
  const questions = new Map<number, string>();
  let [chunk, deadline]: [number, Instant | undefined] = [0, undefined];
  for (const entry of entries) {
    if ("idle" in entry) ({ deadline } = { deadline: undefined, ...entry });
    if ("event" in entry) {
      const decision = decisionOf(entry.event);
      if (decision !== undefined) questions.set(decision, questionOf(entry.event));
    }
    if ("submit" in entry && entry.error === undefined) {
      const question = "decision" in entry.submit ? questions.get(entry.submit.decision) : undefined;
      if (question === undefined) parts.push(...intendedParts(entry.submit));
      else if (!isPlainYes(entry.submit)) answers.push({ question, intent: entry.submit });
    }
    if ("handle" in entry) {
      chunk += 1;
      parts.push(...partsOf(entry.handle, chunk, deadline !== undefined && deadline <= entry.at));
    }
  }
  return { parts: joinedLines(parts), answers };
}

function partsOf(handle: Input, chunk: number, isDue: boolean): readonly Part[] {
  switch (handle.type) {
    case "received":
      return linesIn(handle.bytes).map((octets) => ({ kind: "said", octets, chunk }));
    case "ended":
    case "broken":
      return [{ kind: "happened", what: handle.type }];
    case "secured":
      return [{ kind: "secured", tls: handle.tls }];
    case "elapsed":
      return isDue ? [{ kind: "passed" }] : [];
    default:
      return [];
  }
}

/** Content is an intent a line, where it was at hand as a whole, too. */
function intendedParts(intent: AnyIntent): readonly Part[] {
  const part = (single: AnyIntent): Part => ({ kind: "intended", intent: single });
  const lines = (content: Uint8Array) => linesIn(content).map((bytes) => part({ type: "content", bytes }));
  if (intent.type === "content") return lines(intent.bytes);
  if (intent.type !== "send" || intent.content === undefined) return [part(intent)];
  const { content, ...send } = intent;
  return [part(send), ...lines(content), part({ type: "endContent" })];
}

/** A line that came in pieces is one part. */
function joinedLines(parts: readonly Part[]): readonly Part[] {
  const joined: Part[] = [];
  for (const part of parts) {
    const last = joined.at(-1);
    if (part.kind === "said" && last?.kind === "said" && last.octets.at(-1) !== 0x0a) {
      joined[joined.length - 1] = { ...last, octets: joinedOctets([last.octets, part.octets]) };
    } else joined.push(part);
  }
  return joined;
}

function isPlainYes(intent: AnyIntent): boolean {
  return (
    intent.type === "accept" &&
    intent.reply === undefined &&
    intent.recipients === undefined &&
    intent.content === undefined
  );
}

/** What is asked, without the number of the question, and without what came before it. */
function questionOf(event: AnyEvent): string {
  const { decision: _, envelope: __, ...rest } = { decision: undefined, envelope: undefined, ...event };
  return event.type === "recipientReceived" ? `${event.type} ${writtenValue(event.recipient)}` : canonicalJson(rest);
}

/** Something went on in a way in which no application and no driver goes on. */
class ScriptError extends Error {}

/** The session as it goes by the script; `undefined` where it makes no sense. Time stands still but for `passed`. */
export function play({ parts, answers }: Script, session: AnySession, recording: Recording): Recording | undefined {
  const player = new Player(answers, session, recording);
  try {
    return { ...recording, entries: player.play(parts) };
  } catch (error) {
    if (error instanceof ScriptError) return undefined;
    const threw = error instanceof Error ? `${error.name} ${error.message}` : "something that is no error";
    return { ...recording, entries: [...player.entries, { threw, state: session.state }] };
  }
}

class Player {
  readonly entries: Entry[] = [];
  readonly #answers: readonly Answer[];
  readonly #session: AnySession;
  readonly #recorder: Recorder;
  #now: Instant;
  #deadline: Instant | undefined;
  #securing = false;
  /** Content that the session does not take yet. */
  #held: AnyIntent[] = [];
  #wantsContent = false;

  constructor(answers: readonly Answer[], session: AnySession, { role, now }: Recording) {
    this.#answers = answers;
    this.#session = session;
    this.#now = now;
    this.#recorder = new Recorder({ role, state: () => session.state }, false, (entry) => this.entries.push(entry));
  }

  play(parts: readonly Part[]): readonly Entry[] {
    this.#drain();
    for (const run of runsOf(parts)) this.#take(run);
    return this.entries;
  }

  #take(run: readonly Part[]): void {
    const [part] = run;
    switch (part?.kind) {
      case "said":
        return this.#handle({ type: "received", bytes: octetsIn(run) });
      case "happened":
        return this.#handle({ type: part.what });
      case "secured":
        if (!this.#securing) throw new ScriptError("No handshake is under way");
        this.#securing = false;
        return this.#handle({ type: "secured", tls: part.tls });
      case "passed":
        return this.#pass();
      case "intended":
        return this.#submit(part.intent);
      case undefined:
        return;
    }
  }

  #handle(input: Input): void {
    this.#session.handle(input, this.#now);
    this.#recorder.handled(input, this.#now);
    this.#drain();
  }

  #pass(): void {
    if (this.#deadline === undefined) throw new ScriptError("Nothing is waited for");
    this.#now = Math.max(this.#now, this.#deadline);
    this.#handle({ type: "elapsed" });
  }

  #submit(intent: AnyIntent): void {
    const isContent = intent.type === "content" || intent.type === "endContent";
    if (isContent && !this.#wantsContent) return void this.#held.push(intent);
    try {
      submit(this.#session, intent, this.#now);
    } catch {
      throw new ScriptError("The session does not take it now");
    }
    this.#recorder.submitted(intent, this.#now);
    this.#drain();
  }

  #drain(): void {
    for (let polls = 0; polls < 1_000_000; polls += 1) {
      const output = this.#session.poll();
      this.#recorder.polled(output);
      if (output.kind === "idle") {
        this.#deadline = output.deadline;
        return this.#release();
      }
      if (output.kind === "event") this.#told(output.event);
      else if (output.effect.type === "startTls") this.#securing = true;
      else if (output.effect.type === "compute") this.#compute(output.effect.computation);
    }
    throw new Error("the session is never idle");
  }

  /** The stand-ins look at no result. */
  #compute(computation: number): void {
    this.#session.handle({ type: "computed", computation, result: new Uint8Array(0) }, this.#now);
  }

  #release(): void {
    const next = this.#wantsContent ? this.#held.shift() : undefined;
    if (next === undefined) return;
    this.#submit(next);
  }

  #told(event: AnyEvent): void {
    if (event.type === "contentWanted") this.#wantsContent = true;
    if (event.type === "transactionEnded" || event.type === "contentRefused") {
      this.#wantsContent = false;
      this.#held = [];
    }
    this.#answer(event);
  }

  #answer(event: AnyEvent): void {
    const decision = decisionOf(event);
    if (decision === undefined) return;
    const question = questionOf(event);
    const answer = this.#answers.find((given) => given.question === question)?.intent ?? usual(event);
    const intent = { ...answer, decision } as AnyIntent;
    try {
      submit(this.#session, intent, this.#now);
    } catch {
      throw new ScriptError("The answer does not fit");
    }
    this.#recorder.submitted(intent, this.#now);
  }
}

function usual(event: AnyEvent): object {
  const question = event as ServerDecision | CredentialsDecision;
  switch (question.type) {
    case "keysWanted":
      return { type: "answer", answer: { type: "keysFound", keys: undefined } };
    case "secretWanted":
      return { type: "answer", answer: { type: "secretFound", secret: undefined } };
    case "tokenReceived":
      return { type: "answer", answer: { type: "tokenChecked", user: question.user } };
    case "externalReceived":
    case "anonymousReceived":
      return { type: "answer", answer: { type: "identityDecided", user: "guest" } };
    case "referenceReceived":
      return { type: "accept", content: Uint8Array.from("Fetched\r\n", (character) => character.charCodeAt(0)) };
    default:
      return { type: "accept" };
  }
}

/** Lines of one chunk together, and each other part by itself. */
function runsOf(parts: readonly Part[]): readonly (readonly Part[])[] {
  const runs: Part[][] = [];
  for (const part of parts) {
    const last = runs.at(-1)?.[0];
    if (part.kind === "said" && last?.kind === "said" && last.chunk === part.chunk) runs.at(-1)?.push(part);
    else runs.push([part]);
  }
  return runs;
}

function octetsIn(run: readonly Part[]): Uint8Array {
  return joinedOctets(run.map((part) => (part.kind === "said" ? part.octets : new Uint8Array(0))));
}
