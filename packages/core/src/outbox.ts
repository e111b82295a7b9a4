// What a session has to say until it is polled: events first, then the octets to write, then what ends or changes the
// connection. Octets are collected, so that the replies or commands of a group leave in one write (RFC 2920).

import { joinOctets } from "./grammar/octets.ts";
import type { Effect, Output } from "./session.ts";

export class Outbox<Event> {
  #events: Event[] = [];
  #told = 0;
  #pieces: Uint8Array[] = [];
  #octets = 0;
  #last: Exclude<Effect, { type: "write" }> | undefined;
  readonly #limit: number;

  /** @param limit Octets at which a write leaves although more could be collected. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  tell(event: Event): void {
    this.#events.push(event);
  }

  /** The octets must not change afterwards. */
  write(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#pieces.push(bytes);
    this.#octets += bytes.length;
  }

  /** What is to be done after all writes. */
  conclude(effect: Exclude<Effect, { type: "write" }>): void {
    this.#last = effect;
  }

  /** What must go out before any more input is looked at. */
  takeUrgent(): Output<Event> | undefined {
    const told = this.takeTold();
    if (told !== undefined) return told;
    if (this.#octets >= this.#limit || this.#last !== undefined) return this.takeRest();
    return undefined;
  }

  /** The next event. */
  takeTold(): Output<Event> | undefined {
    return this.#told < this.#events.length ? this.#takeEvent() : undefined;
  }

  /** What is left to go out before the session is idle. */
  takeRest(): Output<Event> | undefined {
    if (this.#octets > 0) return { kind: "effect", effect: { type: "write", bytes: this.#takeOctets() } };
    const effect = this.#last;
    if (effect === undefined) return undefined;
    this.#last = undefined;
    return { kind: "effect", effect };
  }

  #takeEvent(): Output<Event> | undefined {
    const event = this.#events[this.#told];
    this.#told += 1;
    if (this.#told === this.#events.length) {
      this.#events = [];
      this.#told = 0;
    }
    return event === undefined ? undefined : { kind: "event", event };
  }

  #takeOctets(): Uint8Array {
    const pieces = this.#pieces;
    this.#pieces = [];
    this.#octets = 0;
    const [only] = pieces;
    return pieces.length === 1 && only !== undefined ? only : joinOctets(pieces);
  }
}
