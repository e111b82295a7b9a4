// Plays a transcript against the session that it is about, as a driver and an application would, and stops at the first
// line that does not hold.

import {
  clientProfile,
  ClientSession,
  InvalidValueError,
  LocalProtocolError,
  serverProfile,
  ServerSession,
  type ClientSessionOptions,
  type Effect,
  type Input,
  type Instant,
  type Output,
  type CredentialsDecision,
  type ServerDecision,
  type ServerIntent,
  type ServerSessionOptions,
  type TlsInfo,
  type Wants,
} from "@carteiro/core";
import { executor, octetsOfNonce, type Execute } from "./crypto.ts";
import { namedExtensions } from "./named-extensions.ts";
import { unescaped, writtenLine, type Deed, type Step, type Transcript } from "./transcript.ts";
import {
  eventTypes,
  readAnswer,
  readClientIntent,
  readReply,
  readVerdict,
  shownEvent,
  shownField,
  type AnyEvent,
} from "./transcript-values.ts";
import { isCredentialsDecision, secret } from "./house.ts";

/**
 * How the other side's octets come in:
 * - `whole`: lines that follow one another in one chunk.
 * - `octets`: each alone. As a driver does it, none is handed over while the session waits for a decision.
 * - `ahead`: each alone, and all of them before the first decision is taken.
 */
export type Manner = "whole" | "octets" | "ahead";

/** What a session went through, for those who count. */
export interface Passage {
  readonly events: readonly AnyEvent[];
  readonly states: ReadonlySet<string>;
}

/** A line of a transcript does not hold. The stack points to it. */
export class TranscriptError extends Error {
  override readonly name = "TranscriptError";

  constructor(file: string, { source }: Step, manner: Manner, message: string) {
    super(`${file}:${source.line} (${manner})\n${message}`);
    this.stack = `${this.name}: ${this.message}\n    at ${file}:${source.line}:1`;
  }
}

/** Throws `TranscriptError` at the first line that does not hold. */
export function play(transcript: Transcript, manner: Manner): Passage {
  const [first] = transcript.steps;
  if (first?.kind === "thrown") return playRefusal(transcript, first, manner);
  return new Player(transcript, manner).play();
}

/** The nonces of RFC 5802 §5, and one that is as long as ours. */
const nonces = { client: "fyko+d2lbbFgONRv9qkxdawL", server: "3rfcNHYJY1ZVvWVs7j3rfcNH" };

/** What both sides know of the connection, where they know it. */
const channelBindings = { "tls-exporter": Buffer.from("exported by this very connection") };

/** What the first line of a block says of its session. */
export type Front = Pick<
  Transcript,
  "role" | "trusted" | "proxied" | "tlsFirst" | "overTls" | "bindable" | "certified" | "options"
>;

/** The server's session of a block, at time 0. */
export function serverSessionOf(front: Front): ServerSession {
  const { options, trusted, proxied, tlsFirst, overTls } = front;
  const extensions = namedExtensions(options["extensions"]);
  const whole: ServerSessionOptions = withUsual({ hostname: "mx.example.com", ...options, extensions });
  return new ServerSession(serverProfile(whole), 0, {
    trusted,
    proxied,
    implicitTls: tlsFirst,
    ...(overTls && { tls: tlsOf(front) }),
  });
}

/** The client's session of a block, at time 0. */
export function clientSessionOf(front: Front): ClientSession {
  const { options, overTls } = front;
  const extensions = namedExtensions(options["extensions"]);
  const whole: ClientSessionOptions = { hostname: "client.example.org", ...options, extensions };
  return new ClientSession(clientProfile(whole), 0, overTls ? tlsOf(front) : undefined);
}

export function tlsOf({ bindable, certified }: Front): TlsInfo {
  return { protocol: "TLSv1.3", ...(bindable && { channelBindings }), ...(certified && { authorized: true }) };
}

/** What computes for a session of either side: nonces are the same in every session of a side. */
export function executorOf({ role }: Front): Execute {
  return executor("", octetsOfNonce(nonces[role]));
}

/** A block whose options are refused has no session, and nothing but what is thrown. */
function playRefusal(transcript: Transcript, step: Thrown, manner: Manner): Passage {
  const error = thrownBy(() => new Player(transcript, manner));
  if (isThrown(step, error)) return { events: [], states: new Set() };
  const found = error === undefined ? "nothing was thrown" : shownError(error);
  throw new TranscriptError(transcript.file, step, manner, [`  - ${step.source.text}`, ...plus(found)].join("\n"));
}

type Thrown = Extract<Step, { kind: "thrown" }>;

function thrownBy(act: () => unknown): Error | undefined {
  try {
    act();
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
  return undefined;
}

function isThrown({ error: name, message }: Thrown, error: Error | undefined): boolean {
  return error?.name === name && error.message === message;
}

function shownError(error: Error): string {
  const isMistake = error instanceof LocalProtocolError || error instanceof InvalidValueError;
  return isMistake ? `-> ${error.name} ${error.message}` : String(error);
}

class Player {
  readonly #transcript: Transcript;
  readonly #manner: Manner;
  readonly #server: ServerSession | undefined;
  readonly #client: ClientSession | undefined;
  #now: Instant = 0;
  /** Index of the step that follows the present one. */
  #at = 0;
  #finished = false;

  /** What the peer did that has not been handed over yet. */
  #arriving: readonly Input[] = [];
  /** The session's octets that no line has named yet. */
  #said = "";
  /** Events, of the types that the transcript names, that no line has named yet. */
  #told: AnyEvent[] = [];
  readonly #named: ReadonlySet<string>;
  #pending: ServerDecision | CredentialsDecision | undefined;
  #held = false;
  #handshake = false;
  #computation: Extract<Effect, { type: "compute" }> | undefined;
  readonly #execute;
  #closed = false;
  #closeNamed = false;
  #wants: Wants = "nothing";
  #deadline: Instant | undefined;

  readonly #events: AnyEvent[] = [];
  readonly #states = new Set<string>();

  constructor(transcript: Transcript, manner: Manner) {
    this.#transcript = transcript;
    this.#manner = manner;
    const { role, steps } = transcript;
    this.#execute = executorOf(transcript);
    if (role === "server") this.#server = serverSessionOf(transcript);
    else this.#client = clientSessionOf(transcript);
    this.#named = new Set(
      steps.flatMap((step) => (step.kind === "told" || step.kind === "untold" ? [step.event] : [])),
    );
  }

  play(): Passage {
    const { steps } = this.#transcript;
    this.#drain();
    while (this.#at < steps.length) {
      const step = this.#step;
      this.#at += 1;
      this.#take(step);
    }
    this.#finished = true;
    this.#settle();
    if (this.#arriving.length > 0 && !this.#closed) this.#fail("the session did not read all that was sent");
    return { events: this.#events, states: this.#states };
  }

  get #session(): ServerSession | ClientSession {
    const session = this.#server ?? this.#client;
    if (session === undefined) throw new Error("no session");
    return session;
  }

  get #step(): Step {
    const step = this.#transcript.steps[this.#at];
    if (step === undefined) throw new Error(`${this.#transcript.file}: no such step`);
    return step;
  }

  #take(step: Step): void {
    switch (step.kind) {
      case "said":
        return step.by === this.#transcript.role ? this.#expectOctets(step.octets) : this.#receive(step.octets);
      case "done":
        return step.what === "TLS" ? this.#secure() : this.#takeDeed(step.by, step.what);
      case "passed":
        return this.#pass(step.milliseconds);
      case "paused":
        return this.#settle();
      case "opened":
        return this.#open(step.offering);
      case "told":
        return this.#expectEvent(step);
      case "intended":
        return this.#intend(step.intent, step.rest);
      case "untold":
        if (!eventTypes.has(step.event)) this.#fail("there is no such event");
        return;
      case "thrown":
        return;
    }
  }

  // The peer's doings, and time.

  #receive(first: string): void {
    this.#settle();
    let octets = first;
    for (; this.#at < this.#transcript.steps.length; this.#at += 1) {
      const next = this.#step;
      if (next.kind !== "said" || next.by === this.#transcript.role) break;
      octets += next.octets;
    }
    this.#send(octets);
  }

  #send(octets: string): void {
    const bytes = Buffer.from(octets, "latin1");
    const chunks = this.#manner === "whole" ? [bytes] : Array.from(bytes, (octet) => Uint8Array.of(octet));
    this.#arrive(chunks.map((chunk) => ({ type: "received", bytes: chunk })));
  }

  #arrive(inputs: readonly Input[]): void {
    this.#arriving = [...this.#arriving, ...inputs];
    this.#pump();
  }

  /** Hands over what arrived, as far as the session reads. */
  #pump(): void {
    let taken = 0;
    for (const input of this.#arriving) {
      if (!this.#mayTake(input)) break;
      taken += 1;
      this.#session.handle(input, this.#now);
      this.#drain();
    }
    this.#arriving = this.#arriving.slice(taken);
  }

  #mayTake(input: Input): boolean {
    if (this.#manner !== "octets" || this.#wants !== "intent" || input.type === "broken") return true;
    // Here it matters what comes before the handshake, and a driver may have read it already.
    return this.#handshake || this.#pending?.type === "startTlsReceived";
  }

  #secure(): void {
    this.#settle();
    if (!this.#handshake) this.#fail("the session has not asked for the TLS handshake");
    this.#handshake = false;
    this.#session.handle({ type: "secured", tls: tlsOf(this.#transcript) }, this.#now);
    this.#drain();
  }

  #takeDeed(by: "server" | "client", what: Deed): void {
    if (by === this.#transcript.role) return this.#expectClose();
    this.#settle();
    if (what === "breaks") this.#arriving = [];
    this.#arrive([{ type: what === "breaks" ? "broken" : "ended" }]);
  }

  #pass(milliseconds: number): void {
    this.#settle();
    const until = this.#now + milliseconds;
    while (this.#deadline !== undefined && this.#deadline <= until && this.#wants !== "nothing") {
      this.#now = Math.max(this.#now, this.#deadline);
      this.#session.handle({ type: "elapsed" }, this.#now);
      this.#drain();
      this.#pump();
    }
    this.#now = until;
  }

  #open(offering: readonly string[] | undefined): void {
    const hello = this.#transcript.options["protocol"] === "lmtp" ? "LHLO" : "EHLO";
    if (this.#server !== undefined) this.#exchange(`${hello} client.example.org\r\n`);
    else this.#exchange(openingReplies(offering ?? []));
    this.#said = "";
    this.#told = [];
    const state = this.#session.state;
    if (state !== "ready" && state !== "dialogue.idle.expectingMail") this.#fail(`the session is in state ${state}`);
  }

  #exchange(octets: string): void {
    this.#acceptAll();
    this.#send(octets);
    this.#acceptAll();
  }

  // The application's doings.

  /** What nobody decided is accepted; then all that happened must have been named. */
  #settle(): void {
    this.#acceptAll();
    const [event] = this.#told;
    if (event !== undefined) this.#unnamed(`-> ${shownEvent(event)}`);
    if (this.#said !== "") this.#unnamed(this.#saidLines());
    if (this.#closed && !this.#closeNamed) this.#unnamed(`${this.#mark} (closes)`);
  }

  #acceptAll(): void {
    while (this.#acceptNext()) continue;
  }

  /** Accepts the decision that is pending, unless the transcript has put it off. */
  #acceptNext(): boolean {
    const decision = this.#pending;
    if (decision === undefined || this.#held) return false;
    this.#pending = undefined;
    this.#server?.submit(usualIntent(decision), this.#now);
    this.#drain();
    this.#pump();
    return true;
  }

  #intend(intent: string, rest: string): void {
    const next = this.#transcript.steps[this.#at];
    const awaited = next?.kind === "thrown" ? next : undefined;
    const error = thrownBy(() => {
      if (this.#server === undefined) this.#client?.submit(readClientIntent(intent, rest), this.#now);
      else this.#decide(this.#server, intent, rest);
    });
    if (error instanceof TranscriptError) throw error;
    if (error !== undefined) {
      if (awaited === undefined || !isThrown(awaited, error)) this.#fail(shownError(error));
      return;
    }
    if (awaited !== undefined) this.#fail("nothing was thrown");
    this.#drain();
    this.#pump();
  }

  #decide(server: ServerSession, intent: string, rest: string): void {
    const given = ["eachRecipient", "answer", "fetched"].includes(intent) ? undefined : readReply(rest);
    const reply = given && { reply: given };
    if (intent === "trust") return server.submit({ type: "trust" }, this.#now);
    if (intent === "shutDown") return server.submit({ type: "shutDown", ...reply }, this.#now);
    if (intent === "dismiss" && given !== undefined) return server.submit({ type: "dismiss", reply: given }, this.#now);
    const pending = this.#pending;
    if (pending === undefined) this.#fail("no decision is pending");
    const { decision } = pending;
    this.#held = intent === "later";
    if (this.#held) return;
    this.#pending = undefined;
    if (intent === "eachRecipient")
      return server.submit({ type: "accept", decision, recipients: rest.split(" | ").map(readVerdict) }, this.#now);
    if (intent === "answer" && isCredentialsDecision(pending))
      return server.submit({ type: "answer", decision, answer: readAnswer(pending, rest) }, this.#now);
    if (intent === "fetched")
      return server.submit({ type: "accept", decision, content: Buffer.from(unescaped(rest), "latin1") }, this.#now);
    if (intent === "accept") return server.submit({ type: "accept", decision, ...reply }, this.#now);
    if (intent === "reject" && given !== undefined)
      return server.submit({ type: "reject", decision, reply: given }, this.#now);
    this.#fail("no such intent of a server");
  }

  // What the session says and tells.

  #drain(): void {
    for (let polls = 0; polls < 1_000_000; polls += 1) {
      const output: Output<AnyEvent> = this.#session.poll();
      if (output.kind === "idle") {
        this.#states.add(this.#session.state);
        this.#wants = output.wants;
        this.#deadline = output.deadline;
        if (!this.#compute()) return;
        continue;
      }
      if (output.kind === "event") this.#tell(output.event);
      else if (output.effect.type === "write") this.#said += Buffer.from(output.effect.bytes).toString("latin1");
      else if (output.effect.type === "close") this.#closed = true;
      else if (output.effect.type === "compute") this.#computation = output.effect;
      else this.#handshake = true;
    }
    this.#fail("the session is never idle");
  }

  /** Carries out what the session needs computed. False: nothing. */
  #compute(): boolean {
    const wanted = this.#computation;
    if (wanted === undefined) return false;
    this.#computation = undefined;
    const result = this.#transcript.computes ? this.#execute(wanted.operation) : undefined;
    this.#session.handle({ type: "computed", computation: wanted.computation, result }, this.#now);
    return true;
  }

  #tell(event: AnyEvent): void {
    this.#events.push(event);
    this.#states.add(this.#session.state);
    if ("decision" in event && event.type !== "decisionExpired") this.#pending = event;
    if (event.type === "decisionExpired" || event.type === "sessionClosed") this.#pending = undefined;
    if (this.#pending === undefined) this.#held = false;
    if (this.#named.has(event.type)) this.#told.push(...this.#merged(event));
  }

  /** Slices of content become one: how many there are depends on how the octets came. */
  #merged(event: AnyEvent): readonly AnyEvent[] {
    const last = this.#told.at(-1);
    if (event.type !== "contentReceived") return [event];
    if (last?.type !== "contentReceived") return [{ type: event.type, bytes: Uint8Array.from(event.bytes) }];
    this.#told.pop();
    return [{ type: event.type, bytes: Buffer.concat([last.bytes, event.bytes]) }];
  }

  #expectOctets(octets: string): void {
    while (!this.#said.startsWith(octets) && octets.startsWith(this.#said) && this.#acceptNext()) continue;
    if (!this.#said.startsWith(octets)) this.#fail(this.#saidLines());
    this.#said = this.#said.slice(octets.length);
  }

  #expectEvent({ event, fields }: Extract<Step, { kind: "told" }>): void {
    if (!eventTypes.has(event)) this.#fail("there is no such event");
    while (this.#told.length === 0 && this.#acceptNext()) continue;
    const told = this.#told.shift();
    if (told === undefined) this.#fail("no event");
    const holds = told.type === event && fields.every(([name, value]) => shownField(told, name) === value);
    const names = told.type === event ? fields.map(([name]) => name) : undefined;
    if (!holds) this.#fail(`-> ${shownEvent(told, names)}`);
  }

  #expectClose(): void {
    while (!this.#closed && this.#acceptNext()) continue;
    if (this.#said !== "") this.#fail(this.#saidLines());
    if (!this.#closed) this.#fail(`the session is in state ${this.#session.state}`);
    this.#closeNamed = true;
  }

  // Reports.

  get #mark(): string {
    return this.#transcript.role === "server" ? "S:" : "C:";
  }

  #saidLines(): string {
    if (this.#said === "") return "nothing is said";
    const lines = this.#said.split(/(?<=\r\n)/).map(writtenLine);
    return lines.map((line) => `${this.#mark} ${line}`).join("\n");
  }

  /** The present line does not hold: this is so instead. */
  #fail(instead: string): never {
    const at = Math.max(0, this.#at - 1);
    this.#report(at, [`  - ${this.#transcript.steps[at]?.source.text ?? ""}`, ...plus(instead)]);
  }

  /** This happened behind the lines before the present one, and none of them names it. */
  #unnamed(happening: string): never {
    this.#report(this.#finished ? this.#at : this.#at - 1, [...plus(happening), "    (which no line names)"]);
  }

  #report(at: number, found: readonly string[]): never {
    const { file, steps } = this.#transcript;
    const step = steps[Math.min(at, steps.length - 1)];
    if (step === undefined) throw new Error(`${file} has an empty block: ${found.join("\n")}`);
    const before = steps.slice(Math.max(0, at - 6), at).map(({ source }) => `    ${source.text}`);
    throw new TranscriptError(file, step, this.#manner, [...before, ...found].join("\n"));
  }
}

/** What an application says of which the transcript says nothing. */
export function usualIntent(event: ServerDecision | CredentialsDecision): ServerIntent {
  const { decision } = event;
  if (isCredentialsDecision(event)) return { type: "answer", decision, answer: readAnswer(event) };
  if (event.type === "referenceReceived") return { type: "accept", decision, content: Buffer.from("Fetched\r\n") };
  return { type: "accept", decision };
}

/** SCRAM's secret, since octets have no place in a transcript's options; and answers without delay, but where they are told. */
function withUsual(options: ServerSessionOptions): ServerSessionOptions {
  const { authentication } = options;
  const timeouts = { errorDelay: 0, authenticationDelay: 0, ...options.timeouts };
  return { ...options, timeouts, ...(authentication && { authentication: { secret, ...authentication } }) };
}

function plus(text: string): string[] {
  return text.split("\n").map((line) => `  + ${line}`);
}

/** What a server says until a client that wants neither TLS nor AUTH is ready. */
export function openingReplies(offering: readonly string[]): string {
  const lines = ["mx.example.com", ...offering];
  return [
    "220 mx.example.com ESMTP",
    ...lines.map((line, index) => `250${index === lines.length - 1 ? " " : "-"}${line}`),
    "",
  ].join("\r\n");
}
