// How long the session waits, and for whom: the deadline of its state. While the application holds back the client is not read,
// so the client's time stands still, and the application's runs.

import type { Instant } from "../session.ts";
import type { IncomingContent } from "./content.ts";
import type { ServerProfile } from "./options.ts";
import type { StateMeta } from "./state-meta.ts";

export class Patience {
  /** When the whole session has lasted too long. */
  readonly end: Instant;
  readonly #profile: ServerProfile;
  /** When the last progress was made: what the state's timeout counts from. */
  #since: Instant;
  #pausedAt: Instant | undefined;

  constructor(profile: ServerProfile, now: Instant) {
    this.#profile = profile;
    this.end = now + profile.timeouts.session;
    this.#since = now;
  }

  /** Progress was made. */
  restart(now: Instant): void {
    this.#since = now;
  }

  /** The application holds back, and the driver reads no more. */
  pause(now: Instant): void {
    this.#pausedAt ??= now;
  }

  /** The client is read again: its time goes on, and it has all of it for what comes next. */
  resume(now: Instant, content: IncomingContent | undefined): void {
    if (this.#pausedAt === undefined) return;
    content?.standStill(now - this.#pausedAt, now);
    this.#pausedAt = undefined;
    this.#since = now;
  }

  /** The application has decided, or its time to do so is over: a content that is on its way is none the slower for it. */
  decided(now: Instant, content: IncomingContent | undefined): void {
    content?.standStill(now - this.#since, now);
  }

  /** Whether it is the application that is waited for although the client's content is to be read. */
  isPaused({ reads }: StateMeta, content: IncomingContent | undefined): boolean {
    return this.#pausedAt !== undefined && reads !== undefined && content !== undefined;
  }

  /**
   * @param meta Of the state.
   * @param heldUntil Until when what has been said is held back.
   * @param content What is being received.
   */
  deadline(meta: StateMeta, heldUntil: Instant | undefined, content: IncomingContent | undefined): Instant | undefined {
    const { timeout, reads } = meta;
    const { timeouts, greetPause } = this.#profile;
    if (timeout === undefined) return heldUntil;
    if (heldUntil !== undefined) return Math.min(heldUntil, this.end);
    if (this.#pausedAt !== undefined && this.isPaused(meta, content))
      return Math.min(this.#pausedAt + timeouts.message, this.end);
    const length = timeout === "greetPause" ? greetPause : timeouts[timeout];
    const slowest = reads === undefined ? undefined : content?.deadline;
    return Math.min(this.#since + length, slowest ?? Infinity, this.end);
  }
}
