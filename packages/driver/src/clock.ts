// The driver's only source of time. Tests hand in a virtual one.

import type { Instant } from "@carteiro/core";

export interface Clock {
  /** Monotonic milliseconds. */
  now(): Instant;
  /** Calls back once, `delay` milliseconds from now; the function returned cancels it. */
  after(delay: number, callback: () => void): () => void;
  /** Wall-clock time, for trace headers. */
  date(): Date;
}

/** Longest delay that the runtimes' timers keep; a later deadline is reached in several steps. */
const longestDelay = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => performance.now(),
  after(delay, callback) {
    // Whole milliseconds: the runtimes keep timers in lists of equal delay, and a list for each is dear.
    const timer = setTimeout(callback, Math.min(Math.max(Math.ceil(delay), 0), longestDelay));
    return () => clearTimeout(timer);
  },
  date: () => new Date(),
};
