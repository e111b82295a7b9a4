// Sessions kept for the next message: opened on demand up to a limit, reused, closed when idle or used up.

import { Bell } from "./bell.ts";
import { systemClock, type Clock } from "./clock.ts";
import type { Abortable, SmtpClient } from "./client.ts";
import { SmtpError } from "./errors.ts";
import { Outcomes } from "./division.ts";
import { HeldContent } from "./held-content.ts";
import { recipientsOf, type Message, type SendResult } from "./message.ts";

export interface PoolOptions {
  /** Opens a session; the signal says that the pool does not want it any more. Its rejection is that of the `send` that waited longest. */
  readonly connect: (signal: AbortSignal) => Promise<SmtpClient>;
  /** Sessions at once, those included that are being opened or closed. Default: 5. */
  readonly connections?: number;
  /** Messages after which a session is closed. Default: 100. */
  readonly messagesPerConnection?: number;
  /** Milliseconds after which a session without work says QUIT. Default: 30,000. */
  readonly idle?: number;
  readonly clock?: Clock;
}

/** A session of the pool. */
interface Member {
  readonly client: SmtpClient;
  messages: number;
  /** Its server takes no more of something in this session. */
  isExhausted: boolean;
  /** When it was used last. */
  since: number;
  /** Ends it once it has been idle for long; set for a while, and looked after when it fires: a timer a message would cost more. */
  cancelIdle: (() => void) | undefined;
}

/** Somebody who waits for a session. */
interface Waiter {
  readonly resolve: (member: Member) => void;
  readonly reject: (error: unknown) => void;
}

export class Pool {
  readonly #options: Required<PoolOptions>;
  /** Whoever waits first is served first; sessions are not opened for anybody in particular. */
  readonly #waiting: Waiter[] = [];
  /** The one used last at the end. */
  readonly #idle: Member[] = [];
  readonly #members = new Set<Member>();
  /** Each settles when its session is gone, and its place free. */
  readonly #places = new Set<Promise<void>>();
  #opening = 0;
  /** Messages whose `send` has not settled. */
  #sending = 0;
  readonly #allSent = new Bell();
  #closed = false;
  readonly #end = new AbortController();

  /** Throws `RangeError` for a number that is not greater than 0. */
  constructor(options: PoolOptions) {
    const defaults = { connections: 5, messagesPerConnection: 100, idle: 30_000, clock: systemClock };
    this.#options = { ...defaults, ...options };
    for (const name of ["connections", "messagesPerConnection", "idle"] as const) {
      const value = this.#options[name];
      if (!(value > 0)) throw new RangeError(`${name} is ${value}: give a number greater than 0`);
    }
  }

  /** Sessions there are now: at work, idle, being opened or being closed. */
  get connections(): number {
    return this.#places.size;
  }

  /**
   * Sends by whichever session is free, first come first served. A message that has certainly not been accepted, since
   * its session ended before its content did, is sent once more by another session, if its content can be read again (a
   * string, an array or a function) or was not begun. A message that takes more than its server takes in a session (LIMITS,
   * RFC 9422) goes on in another. Otherwise as `SmtpClient.send`; also rejects as `connect` does.
   */
  async send(message: Message): Promise<SendResult> {
    const held = new HeldContent(message.content, message.signal);
    const sending = asHeld(message, held);
    this.#sending += 1;
    try {
      if (this.#closed) throw new Error("The pool is closed: make another");
      return await this.#send(sending, held);
    } catch (error) {
      if (!isExhausted(error)) throw error;
      return await this.#sendOn(sending, held, error);
    } finally {
      held.release();
      this.#sending -= 1;
      if (this.#sending === 0) this.#allSent.ring();
    }
  }

  /**
   * Takes no more messages, sends those it has, and closes all sessions. Settles when that is done; once the signal is
   * aborted, the rest is closed as by `destroy`.
   */
  async close({ signal }: Abortable = {}): Promise<void> {
    this.#closed = true;
    const force = () => void this.destroy(signal?.reason);
    if (signal?.aborted === true) force();
    signal?.addEventListener("abort", force, { once: true });
    if (this.#sending > 0) await this.#allSent.wait();
    this.#retireIdle();
    await Promise.all(this.#places);
    signal?.removeEventListener("abort", force);
  }

  /** Closes at once; every `send` that is waiting or under way rejects, with the reason or for want of a session. */
  async destroy(reason: unknown = new Error("The pool has been destroyed")): Promise<void> {
    this.#closed = true;
    this.#end.abort(reason);
    for (const waiter of this.#waiting.splice(0)) waiter.reject(reason);
    for (const { client } of this.#members) client.destroy(reason);
    await Promise.all(this.#places);
  }

  /** As `close` does. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  // Sending.

  /** By one session, or by a second one where the first has ended with the message certainly not accepted. */
  async #send(message: Message, held: HeldContent): Promise<SendResult> {
    for (let isAgain = false; ; isAgain = true) {
      const member = await this.#take(message.signal, isAgain);
      try {
        const result = await member.client.send(message);
        this.#used(member);
        return result;
      } catch (error) {
        member.isExhausted = isExhausted(error);
        this.#used(member);
        if (isAgain || !isSafeToRepeat(error) || !held.isWhole) throw error;
      }
      // What ended this session may have ended the idle ones too.
      this.#retireIdle();
    }
  }

  /** By as many more sessions as it takes, since servers limit what they take in one (LIMITS, RFC 9422). */
  async #sendOn(message: Message, held: HeldContent, first: unknown): Promise<SendResult> {
    const recipients = recipientsOf(message);
    const outcomes = new Outcomes(recipients.map(() => undefined));
    let places = recipients.map((_, place) => place);
    for (let error = first; ;) {
      const waiting = waitingAfter(error, places);
      if (waiting === undefined)
        throw outcomes.result.recipients.length === 0 ? error : outcomes.failure(error, places, true);
      if (error instanceof SmtpError && error.result !== undefined) outcomes.record(places, error.result);
      places = waiting;
      try {
        const rest = { ...message, to: places.flatMap((place) => recipients[place] ?? []) };
        outcomes.record(places, await this.#send(rest, held));
        return outcomes.result;
      } catch (next) {
        error = next;
      }
    }
  }

  #used(member: Member): void {
    member.messages += 1;
    this.#giveBack(member);
  }

  #take(signal: AbortSignal | undefined, isFirst: boolean): Promise<Member> {
    return new Promise((resolve, reject) => {
      if (this.#closed) this.#end.signal.throwIfAborted();
      const waiter = signal === undefined ? { resolve, reject } : this.#abortable({ resolve, reject }, signal);
      if (isFirst) this.#waiting.unshift(waiter);
      else this.#waiting.push(waiter);
      this.#serve();
    });
  }

  /** Throws where it is aborted already. */
  #abortable({ resolve, reject }: Waiter, signal: AbortSignal): Waiter {
    signal.throwIfAborted();
    const abort = () => {
      const index = this.#waiting.indexOf(waiter);
      if (index >= 0) this.#waiting.splice(index, 1);
      reject(signal.reason);
    };
    const served =
      <Value>(settle: (value: Value) => void) =>
      (value: Value) => {
        signal.removeEventListener("abort", abort);
        settle(value);
      };
    const waiter: Waiter = { resolve: served(resolve), reject: served(reject) };
    signal.addEventListener("abort", abort, { once: true });
    return waiter;
  }

  // Sessions.

  /** Gives idle sessions to those who wait, and opens as many more as are wanted and allowed. */
  #serve(): void {
    while (this.#waiting.length > 0) {
      const member = this.#idle.pop();
      if (member === undefined) break;
      if (member.client.usable) this.#waiting.shift()?.resolve(member);
    }
    while (this.#opening < this.#waiting.length && this.#places.size < this.#options.connections) this.#open();
  }

  #open(): void {
    this.#opening += 1;
    const place: Promise<void> = this.#live().then(() => {
      this.#places.delete(place);
      this.#serve();
    });
    this.#places.add(place);
  }

  /** One session from its opening to its end. */
  async #live(): Promise<void> {
    let client: SmtpClient;
    try {
      client = await this.#options.connect(this.#end.signal);
    } catch (error) {
      this.#waiting.shift()?.reject(error);
      return;
    } finally {
      this.#opening -= 1;
    }
    const member: Member = { client, messages: 0, isExhausted: false, since: 0, cancelIdle: undefined };
    this.#members.add(member);
    if (this.#end.signal.aborted) client.destroy(this.#end.signal.reason);
    // Usable or not: who waits learns of it, or a server that closes at once would be tried for ever.
    const waiter = this.#waiting.shift();
    if (waiter === undefined) this.#giveBack(member);
    else waiter.resolve(member);
    await client.closed;
    this.#members.delete(member);
    this.#forgetIdle(member);
  }

  #giveBack(member: Member): void {
    const { messagesPerConnection } = this.#options;
    const { client, messages, isExhausted: isSpent } = member;
    if (!client.usable || isSpent || messages >= messagesPerConnection) return this.#retire(member);
    const waiter = this.#waiting.shift();
    if (waiter !== undefined) return waiter.resolve(member);
    if (this.#closed) return this.#retire(member);
    this.#rest(member);
  }

  #rest(member: Member): void {
    member.since = this.#options.clock.now();
    this.#idle.push(member);
    if (member.cancelIdle === undefined) this.#retireAfter(member, this.#options.idle);
  }

  #retireAfter(member: Member, delay: number): void {
    const { clock, idle } = this.#options;
    member.cancelIdle = clock.after(delay, () => {
      member.cancelIdle = undefined;
      if (!this.#idle.includes(member)) return;
      const left = member.since + idle - clock.now();
      if (left > 0) return this.#retireAfter(member, left);
      this.#forgetIdle(member);
      this.#retire(member);
    });
  }

  #forgetIdle(member: Member): void {
    member.cancelIdle?.();
    const index = this.#idle.indexOf(member);
    if (index >= 0) this.#idle.splice(index, 1);
  }

  #retireIdle(): void {
    for (const member of this.#idle.splice(0)) this.#retire(member);
  }

  #retire({ client, cancelIdle }: Member): void {
    cancelIdle?.();
    void client.quit();
  }
}

/** The message with what is to be sent in place of its content, and heeded in place of its signal. */
function asHeld(message: Message, { content, signal }: HeldContent): Message {
  if (content === message.content && signal === message.signal) return message;
  return { ...message, content, ...(signal && { signal }) };
}

/** Whether no server can have accepted the message, and another session may fare better. */
function isSafeToRepeat(error: unknown): boolean {
  if (!(error instanceof SmtpError) || error.contentEnded) return false;
  const { kind } = error.failure;
  if (kind === "exhausted") return false;
  if (error.result === undefined) return kind !== "aborted";
  return !error.uncertain && (kind === "disconnected" || kind === "serviceClosing");
}

function isExhausted(error: unknown): boolean {
  return error instanceof SmtpError && error.failure.kind === "exhausted";
}

/** Of these recipients those whom another session may serve, since the session was used up before their turn came. */
function waitingAfter(error: unknown, places: readonly number[]): number[] | undefined {
  if (!(error instanceof SmtpError) || !isExhausted(error)) return undefined;
  const { result } = error;
  if (result === undefined) return [...places];
  return places.filter((_, index) => {
    const { accepted = true, reply } = result.recipients[index] ?? {};
    return !accepted && reply === undefined;
  });
}
