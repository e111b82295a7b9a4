// One way between two hosts, which all connections there share: what is sent takes its time, so many octets a second pass, and
// while the way is cut nothing arrives.

import type { Instant } from "@carteiro/core";
import type { Clock } from "@carteiro/driver";

export interface WayOptions {
  /** Milliseconds that everything takes to arrive. Default: 0, it has arrived at once. */
  readonly latency?: number;
  /** Octets a second. Default: no limit. */
  readonly bandwidth?: number;
  /**
   * Milliseconds for which octets that do not arrive are sent again, before the connection counts as broken. Default: 924,600,
   * as Linux has it.
   */
  readonly patience?: number;
}

const usualPatience = 924_600;

export class Way {
  /** For what is sent from now on. */
  latency: number;
  bandwidth: number;
  readonly patience: number;
  readonly #clock: Clock;
  /** When the last octet given to the way will have left. */
  #freeAt: Instant = 0;
  #cut = false;
  readonly #waiting = new Set<() => void>();

  /** Throws `RangeError` for a number that makes no sense. */
  constructor(clock: Clock, { latency = 0, bandwidth = Infinity, patience = usualPatience }: WayOptions = {}) {
    if (!(latency >= 0 && latency < Infinity)) throw new RangeError(`latency is ${latency}: give milliseconds`);
    if (!(bandwidth > 0)) throw new RangeError(`bandwidth is ${bandwidth}: give octets a second, more than 0`);
    if (!(patience >= 0)) throw new RangeError(`patience is ${patience}: give milliseconds`);
    this.#clock = clock;
    this.latency = latency;
    this.bandwidth = bandwidth;
    this.patience = patience;
  }

  get isCut(): boolean {
    return this.#cut;
  }

  /** From now on nothing arrives, not even what is under way. */
  cut(): void {
    this.#cut = true;
  }

  /** What did not arrive is sent again, all of it now. */
  mend(): void {
    if (!this.#cut) return;
    this.#cut = false;
    const waiting = Array.from(this.#waiting);
    this.#waiting.clear();
    for (const callback of waiting) callback();
  }

  /** When so many octets arrive that are sent now, behind all that was sent before. */
  arrival(octets: number): Instant {
    const now = this.#clock.now();
    if (this.bandwidth === Infinity) return now + this.latency;
    this.#freeAt = Math.max(this.#freeAt, now) + (octets * 1_000) / this.bandwidth;
    return this.#freeAt + this.latency;
  }

  /** Calls back once the way is mended; the function returned cancels it. */
  whenMended(callback: () => void): () => void {
    this.#waiting.add(callback);
    return () => void this.#waiting.delete(callback);
  }
}
