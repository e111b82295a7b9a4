// Drives a session as a driver would, and purely: no promise, no socket, and time that moves when the test says so.
// What the contract of `Session` promises of its outputs is checked at every one of them; outside of the test runner, too.

import assert from "node:assert/strict";
import { LocalProtocolError, type Effect, type Instant, type Output, type Session, type TlsInfo } from "@carteiro/core";
import { executor, type Execute } from "./crypto.ts";

/** What the application says to an event: `after` so many milliseconds, or at once. */
export interface Said<Intent> {
  readonly intent: Intent;
  readonly after?: number;
}

export interface HarnessOptions<Intent, Event> {
  /** The application. */
  readonly answer?: (event: Event) => Said<Intent> | undefined;
  /** Whether answers are given while the session is being polled, as the driver gives them; else once it is idle. */
  readonly promptly?: boolean;
  /** Whether octets are handed over although the session wants none now. */
  readonly readsOn?: boolean;
  /** Whether octets are only lent: they become others as soon as the session is idle. */
  readonly lends?: boolean;
  /** How TLS goes: what is known of it, or `undefined` where the handshake never ends. */
  readonly tls?: TlsInfo | undefined;
  /** What computes, once the session is idle: octets, or nothing where it cannot; or `never`. Default: Node. */
  readonly compute?: ((...given: Parameters<Execute>) => Uint8Array | undefined) | "never";
}

type Idle = Extract<Output<unknown>, { kind: "idle" }>;
type Computation = Extract<Effect, { type: "compute" }>;

export class SessionHarness<Intent, Event extends { readonly type: string }> {
  readonly session: Session<Intent, Event>;
  readonly events: Event[] = [];
  /** All octets written so far. */
  readonly written: Uint8Array[] = [];
  /** Whether `close` has been polled. */
  closed = false;
  /** How often `startTls` has been polled. */
  securings = 0;
  now: Instant = 0;
  idle: Idle = { kind: "idle", wants: "nothing", deadline: undefined };
  /** Answers that came too late. */
  stale = 0;
  readonly #options: HarnessOptions<Intent, Event>;
  readonly #due: { readonly at: Instant; readonly intent: Intent }[] = [];
  readonly #compute: NonNullable<HarnessOptions<Intent, Event>["compute"]>;
  #securing = false;
  #lent: Uint8Array = new Uint8Array(0);
  #computation: Computation | undefined;

  constructor(session: Session<Intent, Event>, options: HarnessOptions<Intent, Event> = {}) {
    this.session = session;
    this.#options = options;
    this.#compute = options.compute ?? executor();
    this.#drain();
  }

  /** Everything written so far, each octet as a character. */
  get output(): string {
    return latin1(...this.written);
  }

  /** Hands octets over, at once or as soon as the session wants them. False: it closed before it did. */
  receive(bytes: Uint8Array): boolean {
    if (this.#options.readsOn !== true) this.#waitUntilItReads();
    if (this.closed) return false;
    if (this.#options.lends === true) this.#lend(Buffer.from(bytes));
    else this.session.handle({ type: "received", bytes }, this.now);
    this.#drain();
    return true;
  }

  end(): void {
    this.#handle("ended");
  }

  break(): void {
    this.#handle("broken");
  }

  submit(intent: Intent): void {
    this.session.submit(intent, this.now);
    this.#drain();
  }

  /** The driver's timer goes off, at the right time or not. */
  elapse(): void {
    this.#handle("elapsed");
  }

  /** Moves time to the next answer or deadline, whichever comes first. False: there is neither. */
  advance(): boolean {
    const at = Math.min(this.#due[0]?.at ?? Infinity, this.idle.deadline ?? Infinity);
    if (at === Infinity) return false;
    this.now = Math.max(this.now, at);
    if (this.#due[0] !== undefined && this.#due[0].at <= at) this.#answerDue();
    else this.#reachDeadline();
    return true;
  }

  /** Lets time pass to an instant, as the driver would. */
  passTo(instant: Instant): void {
    while (Math.min(this.#due[0]?.at ?? Infinity, this.idle.deadline ?? Infinity) <= instant) this.advance();
    this.now = Math.max(this.now, instant);
  }

  /** Lets time pass until the session has closed; gives the number of times that something was due. */
  runOut(atMost = 10_000): number {
    let times = 0;
    while (!this.closed) {
      assert.ok(this.advance(), `nothing is ever due in ${JSON.stringify(this.idle)}`);
      times += 1;
      assert.ok(times < atMost, `something is due again and again: ${JSON.stringify(this.idle)}`);
    }
    return times;
  }

  /** The application holds back, or reads on. */
  hold(type: "paused" | "resumed"): void {
    this.#handle(type);
  }

  #handle(type: "ended" | "broken" | "paused" | "resumed" | "elapsed"): void {
    this.session.handle({ type }, this.now);
    this.#drain();
  }

  /** Time must not stand still: either the session is over, or something else is due later. */
  #reachDeadline(): void {
    this.#handle("elapsed");
    const { deadline = -Infinity } = this.idle;
    assert.ok(this.closed || deadline > this.now, "a deadline that has passed is due no more");
  }

  /** Until the session is idle. */
  #lend(bytes: Uint8Array): void {
    this.session.handle({ type: "received", bytes, lent: true }, this.now);
    this.#lent = bytes;
  }

  #waitUntilItReads(): void {
    while (this.idle.wants === "intent" && this.advance());
  }

  #drain(): void {
    for (;;) {
      const output = this.session.poll();
      if (output.kind === "idle") {
        this.#checkIdle(output);
        this.#lent.fill(0x21);
        if (this.#answerDue() || this.#carryOutComputation()) continue;
        if (!this.#securing || this.#options.tls === undefined) return;
        this.#securing = false;
        this.session.handle({ type: "secured", tls: this.#options.tls }, this.now);
        continue;
      }
      assert.ok(!this.closed, "said something after it closed");
      if (output.kind === "event") this.#tell(output.event);
      else this.#carryOut(output.effect);
    }
  }

  #checkIdle(output: Idle): void {
    this.idle = output;
    assert.deepEqual(this.session.poll(), output, "poll changes nothing once the session is idle");
    assert.equal(output.wants === "nothing", this.closed);
    assert.ok(this.closed || output.deadline !== undefined, "a session that is not closed has a deadline");
  }

  #tell(event: Event): void {
    this.events.push(kept(event));
    const said = this.#options.answer?.(event);
    if (said === undefined) return;
    const { intent, after = 0 } = said;
    if (after === 0 && this.#options.promptly === true) return this.session.submit(intent, this.now);
    const at = this.now + after;
    this.#due.splice(this.#due.findLastIndex((other) => other.at <= at) + 1, 0, { at, intent });
  }

  #carryOut(effect: Effect): void {
    switch (effect.type) {
      case "write":
        assert.ok(effect.bytes.length > 0, "a write of nothing");
        this.written.push(effect.bytes.slice());
        return;
      case "startTls":
        this.securings += 1;
        this.#securing = true;
        return;
      case "compute":
        assert.equal(this.#computation, undefined, "asked for one thing at a time");
        this.#computation = effect;
        return;
      case "close":
        this.closed = true;
    }
  }

  #carryOutComputation(): boolean {
    const wanted = this.#computation;
    if (wanted === undefined || this.#compute === "never") return false;
    this.#computation = undefined;
    const { computation, operation } = wanted;
    this.session.handle({ type: "computed", computation, result: this.#compute(operation) }, this.now);
    return true;
  }

  /** Submits what is due; an answer that comes too late is thrown back, which is its right. */
  #answerDue(): boolean {
    const next = this.#due[0];
    if (next === undefined || next.at > this.now) return false;
    this.#due.shift();
    try {
      this.session.submit(next.intent, this.now);
    } catch (error) {
      if (!(error instanceof LocalProtocolError)) throw error;
      this.stale += 1;
    }
    this.#drain();
    return true;
  }
}

/** An event as it is now: its octets and its lists may change once the session goes on. */
function kept<Event extends { readonly type: string }>(event: Event): Event {
  // A whole chunk may come back as content, and one whose octets are counted is a proxy, of which there is no clone.
  const { bytes, ...rest } = event as { readonly bytes?: unknown };
  return bytes instanceof Uint8Array
    ? ({ ...structuredClone(rest), bytes: Uint8Array.from(bytes) } as unknown as Event)
    : structuredClone(event);
}

/** Events with the slices of content put together: where a chunk ended is of no account. */
export function coalesced(events: readonly { readonly type: string }[]): unknown[] {
  const merged: { type: string; [name: string]: unknown }[] = [];
  for (const event of events) {
    const last = merged.at(-1);
    if (event.type !== "contentReceived" || !("bytes" in event)) merged.push({ ...event });
    else if (last?.type === "contentReceived")
      last["text"] = `${String(last["text"])}${latin1(event.bytes as Uint8Array)}`;
    else merged.push({ type: "contentReceived", text: latin1(event.bytes as Uint8Array) });
  }
  return merged;
}

/** Octets as characters of the same number: comparable, and legible where a property fails. */
export function latin1(...chunks: readonly Uint8Array[]): string {
  return Buffer.concat(chunks).toString("latin1");
}

/** Characters up to 255 as octets of the same number. */
export function octetsOf(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, "latin1"));
}
