// Time that moves only when it is told to, and then jumps from timer to timer: an hour of waiting takes no time and
// comes out the same on every run.

import type { Instant } from "@carteiro/core";
import type { Clock } from "@carteiro/driver";

interface Timer {
  readonly at: Instant;
  readonly callback: () => void;
}

/** How far `run` and `settle` may go. */
export interface RunOptions {
  /** Virtual milliseconds after which to give up; for ever by default. */
  readonly within?: number;
}

/**
 * A clock for tests. Between two timers everything that follows from the first is allowed to happen, so that code that
 * waits for nothing but this clock and promises runs in one order only. Sockets, files and the thread pool are outside
 * of it: a promise that depends on them looks like a deadlock.
 */
export class VirtualClock implements Clock {
  readonly #epoch: number;
  /** By time, and by insertion within one instant. */
  readonly #timers: Timer[] = [];
  #now: Instant = 0;
  #moving = false;

  /** @param epoch what `date()` says when `now()` is 0. */
  constructor(epoch: Date = new Date("2025-01-01T00:00:00Z")) {
    this.#epoch = epoch.getTime();
  }

  /** Virtual milliseconds since the clock was made. */
  now(): Instant {
    return this.#now;
  }

  date(): Date {
    return new Date(this.#epoch + this.#now);
  }

  /** How many timers are set. None: nothing will happen by itself. */
  get timers(): number {
    return this.#timers.length;
  }

  /** Calls back once the clock has been moved `delay` milliseconds on. Throws `RangeError` where that is no finite number. */
  after(delay: number, callback: () => void): () => void {
    if (!Number.isFinite(delay)) throw new RangeError(`A timer needs a finite delay, not ${delay}`);
    const timer: Timer = { at: this.#now + Math.max(0, delay), callback };
    const later = this.#timers.findLastIndex((other) => other.at <= timer.at) + 1;
    this.#timers.splice(later, 0, timer);
    return () => this.#cancel(timer);
  }

  /** Moves `milliseconds` on, runs what falls due on the way, and leaves the clock at that instant. */
  async advance(milliseconds: number): Promise<void> {
    if (!(milliseconds >= 0 && milliseconds < Infinity))
      throw new RangeError(`Time cannot move ${milliseconds} milliseconds on`);
    const target = this.#now + milliseconds;
    await this.#moved(async (quiet) => {
      await quiet();
      while (this.#fireNext(target)) await quiet();
      this.#now = target;
    });
  }

  /**
   * Moves from timer to timer until none is left, or until the promise `until` has settled, or until `within`
   * milliseconds have gone by. Throws what a timer's callback throws.
   */
  async run({ until, within = Infinity }: RunOptions & { readonly until?: PromiseLike<unknown> } = {}): Promise<void> {
    const end = this.#now + within;
    const watch = watched(until);
    await this.#moved(async (quiet) => {
      await quiet();
      while (!watch.settled && this.#fireNext(end)) await quiet();
      if (!watch.settled && this.#timers.length > 0) this.#now = end;
    });
  }

  /**
   * The value of a promise, with time moving on as far as it takes. Rejects as the promise does, and with an error of
   * its own where the promise can never settle (a deadlock) or has not settled `within` the time given.
   */
  async settle<T>(promise: PromiseLike<T>, { within = Infinity }: RunOptions = {}): Promise<T> {
    const watch = watched(promise);
    await this.run({ until: promise, within });
    if (watch.settled) return promise;
    if (this.#timers.length > 0) throw new Error(`The promise has not settled within ${within} virtual milliseconds`);
    throw new Error(
      `Deadlock at ${this.#now} virtual milliseconds: the promise is pending and no timer is left that could change that`,
    );
  }

  #cancel(timer: Timer): void {
    const index = this.#timers.indexOf(timer);
    if (index >= 0) this.#timers.splice(index, 1);
  }

  /** Whether there was a timer due by `end`. */
  #fireNext(end: Instant): boolean {
    const next = this.#timers[0];
    if (next === undefined || next.at > end) return false;
    this.#timers.shift();
    this.#now = next.at;
    next.callback();
    return true;
  }

  /** Two that move the clock at once would each see the other's time pass. */
  async #moved(move: (quiet: () => Promise<void>) => Promise<void>): Promise<void> {
    if (this.#moving) throw new Error("The virtual clock is already being moved: wait for that first");
    this.#moving = true;
    const turns = new Turns();
    try {
      await move(() => turns.next());
    } finally {
      turns.close();
      this.#moving = false;
    }
  }
}

/** Whether the promise has settled, to be asked at any time. Its rejection counts as handled. */
function watched(promise: PromiseLike<unknown> | undefined): { readonly settled: boolean } {
  const watch = { settled: false };
  const settle = (): void => {
    watch.settled = true;
  };
  promise?.then(settle, settle);
  return watch;
}

/** Deno delivers messages among the microtasks, so it needs this. Taken here, before a test may put its own in place of it. */
const immediate = (globalThis as { readonly setImmediate?: (callback: () => void) => unknown }).setImmediate;
const messagesComeEarly = "Deno" in globalThis;

/**
 * Turns of the event loop. No number of `await`s is sure to outlast a chain of promises, but a message to oneself comes
 * only after every microtask, those included that microtasks start. It is no timer and needs none, and every
 * runtime has it.
 */
class Turns {
  readonly #channel = new MessageChannel();
  #arrived: (() => void) | undefined;

  constructor() {
    this.#channel.port1.onmessage = () => this.#arrived?.();
  }

  next(): Promise<void> {
    return new Promise((resolve) => {
      this.#arrived = resolve;
      if (messagesComeEarly && immediate !== undefined) immediate(resolve);
      else this.#channel.port2.postMessage(undefined);
    });
  }

  close(): void {
    this.#channel.port1.close();
  }
}
