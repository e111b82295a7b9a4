// What a session has to say until it is polled: events first, then the octets to write, then what ends or changes the
// connection. Octets are collected, so that the replies or commands of a group leave in one write (RFC 2920).

import { joinForWriting } from "./grammar/octets.ts";
import type { Effect, Output } from "./session.ts";

/** Octets of a piece that is not joined with others. */
const largePiece = 16_384;
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

  /** The next octets to be written: large pieces leave by themselves, since to copy them costs more than a write. */
  #takeOctets(first: Uint8Array): Uint8Array {
    const others = this.#others;
    if (others === undefined) return this.#leave(first, undefined, 0);
    let count = first.length < largePiece ? 0 : -1;
    while (count >= 0 && count < others.length && (others[count]?.length ?? 0) < largePiece) count += 1;
    if (count <= 0) return this.#leave(first, others, 0);
    return this.#leave(joinForWriting([first, ...others.slice(0, count)]), others, count);
  }

  /** @param next Index in the others of what is to be written next. */
  #leave(bytes: Uint8Array, others: Uint8Array[] | undefined, next: number): Uint8Array {
    this.#octets -= bytes.length;
    this.#first = others?.[next];
    this.#others = others !== undefined && next + 1 < others.length ? others.slice(next + 1) : undefined;
    return bytes;
  }
}
