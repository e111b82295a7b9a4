// What a session has to say until it is polled: events first, then the octets to write, then what ends or changes the
// connection. Octets are collected, so that the replies or commands of a group leave in one write (RFC 2920).

import { joinForWriting } from "./grammar/octets.ts";
import type { Effect, Output } from "./session.ts";

const nothing = new Uint8Array(0);
/** Octets of a piece that is not joined with others. */
const largePiece = 16_384;
/** Events and pieces up to which the list of them is kept for the next ones. */
const few = 16;

export class Outbox<Event> {
  #events: (Event | undefined)[] = [undefined, undefined];
  /** How many events there are in the list, and how many of them have been told. */
  #count = 0;
  #told = 0;
  /** What is to be written; how many pieces there are in the list, and how many of them have left. */
  #pieces: (Uint8Array | undefined)[] = [undefined];
  #written = 0;
  #left = 0;
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
    this.#pieces[this.#written] = bytes;
    this.#written += 1;
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
    if (this.#octets > 0) return { kind: "effect", effect: { type: "write", bytes: this.#takeOctets() } };
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
    if (this.#count > few) this.#events = [undefined, undefined];
    this.#count = this.#told = 0;
  }

  /** The next octets to be written: large pieces leave by themselves, since to copy them costs more than a write. */
  #takeOctets(): Uint8Array {
    const from = this.#left;
    let to = from;
    while (to < this.#written && (this.#pieces[to]?.length ?? 0) < largePiece) to += 1;
    const bytes = to - from < 2 ? this.#pieces[from] : joinForWriting(this.#pieces, from, to);
    this.#forgetLeft(from, Math.max(to, from + 1));
    this.#octets -= bytes?.length ?? 0;
    return bytes ?? nothing;
  }

  #forgetLeft(from: number, to: number): void {
    for (let index = from; index < to; index++) this.#pieces[index] = undefined;
    this.#left = to;
    if (to < this.#written) return;
    if (to > few) this.#pieces = [undefined];
    this.#written = this.#left = 0;
  }
}
