// What a session has to say until it is polled: events first, then the octets to write, then what ends or changes the
// connection. Octets are collected, so that the replies or commands of a group leave in one write (RFC 2920).

import { joinOctets } from "./grammar/octets.ts";
import type { Effect, Output } from "./session.ts";

/** Events up to which the list of them is kept for the next ones. */
const fewEvents = 16;

export class Outbox<Event> {
  #events: (Event | undefined)[] = [undefined, undefined];
  /** How many events there are in the list, and how many of them have been told. */
  #count = 0;
  #told = 0;
  #first: Uint8Array | undefined;
  #others: Uint8Array[] | undefined;
  #octets = 0;
  #last: Exclude<Effect, { type: "write" }> | undefined;
  readonly #limit: number;

  /** @param limit Octets at which a write leaves although more could be collected. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  tell(event: Event): void {
    this.#events[this.#count] = event;
    this.#count += 1;
  }

  /** The octets must not change afterwards. */
  write(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    if (this.#first === undefined) this.#first = bytes;
    else (this.#others ??= []).push(bytes);
    this.#octets += bytes.length;
  }

  /** What is to be done after all writes. */
  conclude(effect: Exclude<Effect, { type: "write" }>): void {
    this.#last = effect;
  }

  /** What must go out before any more input is looked at. */
  takeUrgent(): Output<Event> | undefined {
    if (this.#told < this.#count) return this.#takeEvent();
    if (this.#octets >= this.#limit || this.#last !== undefined) return this.takeRest();
    return undefined;
  }

  /** The next event. */
  takeTold(): Output<Event> | undefined {
    return this.#told < this.#count ? this.#takeEvent() : undefined;
  }

  /** What is left to go out before the session is idle. */
  takeRest(): Output<Event> | undefined {
    if (this.#first !== undefined)
      return { kind: "effect", effect: { type: "write", bytes: this.#takeOctets(this.#first) } };
    const effect = this.#last;
    if (effect === undefined) return undefined;
    this.#last = undefined;
    return { kind: "effect", effect };
  }

  #takeEvent(): Output<Event> | undefined {
    const event = this.#events[this.#told];
    this.#events[this.#told] = undefined;
    this.#told += 1;
    if (this.#told === this.#count) this.#forgetTold();
    return event === undefined ? undefined : { kind: "event", event };
  }

  #forgetTold(): void {
    if (this.#count > fewEvents) this.#events = [undefined, undefined];
    this.#count = this.#told = 0;
  }

  #takeOctets(first: Uint8Array): Uint8Array {
    const others = this.#others;
    this.#first = this.#others = undefined;
    this.#octets = 0;
    return others === undefined ? first : joinOctets([first, ...others]);
  }
}
