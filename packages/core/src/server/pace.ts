// The pace of a session: what was refused too often is answered late, and nothing is read meanwhile. It changes when things
// are said, never what; so the chart knows nothing of it.

import type { Instant } from "../session.ts";
import type { ServerLimits, ServerTimeouts } from "./options.ts";

/** Clients wait 5 minutes for an answer (RFC 5321 §4.5.3.2); some lose patience long before. */
const longestDelay = 30_000;

export class Pace {
  /** Until when everything is held back. */
  until: Instant | undefined;
  readonly #limits: ServerLimits;
  readonly #timeouts: ServerTimeouts;
  #delay = 0;

  constructor(limits: ServerLimits, timeouts: ServerTimeouts) {
    this.#limits = limits;
    this.#timeouts = timeouts;
  }

  /** An authentication has failed, and is the so-manieth: each one costs twice the time of the one before. */
  authenticationFailed(count: number): void {
    this.#delay = Math.min(this.#timeouts.authenticationDelay * 2 ** (count - 1), longestDelay);
  }

  /** A command was wrong, and is the so-manieth. */
  erred(count: number): void {
    if (count > this.#limits.softErrors) this.#delay = this.#timeouts.errorDelay;
  }

  /** What was said until now is held back for the time that it has earned. */
  hold(now: Instant): void {
    if (this.#delay > 0) this.until = now + this.#delay;
    this.#delay = 0;
  }

  /** Says at once what is held back. */
  release(): void {
    this.until = undefined;
    this.#delay = 0;
  }
}
