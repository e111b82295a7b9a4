// One direction of a connection in memory: octets fly for a while, arrive, and are received in pieces of chosen sizes.
// What TCP does is modelled as far as a program can tell: order, back-pressure, end and reset.

import type { Instant } from "@carteiro/core";
import type { Clock } from "@carteiro/driver";
import { Waiters } from "./waiters.ts";

export interface LaneOptions {
  readonly clock: Clock;
  /** Milliseconds that everything takes to arrive. 0: it has arrived at once. */
  readonly latency: number;
  /** Octets sent and not yet received beyond which the sender is asked to wait. */
  readonly capacity: number;
  /** Sizes of the pieces that are received, over again when they run out; `undefined`: pieces as they were sent. */
  readonly chunkSizes: (() => Iterable<number>) | undefined;
}

/** What a lane tells the end that it leads to, whether or not that end is receiving. */
export interface LaneEvents {
  /** Octets arrived after `close`. TCP answers them with a reset. */
  refused(): void;
  /** The sender has reset the connection. */
  reset(error: Error): void;
}

type Content = Uint8Array | "end" | Error;

export class Lane {
  /** To be set by the receiving end before anything is sent. */
  events: LaneEvents | undefined;
  readonly #options: LaneOptions;
  readonly #sizes: Iterator<number, never> | undefined;

  readonly #senders = new Waiters<void>();
  #abandoned: Error | undefined;
  #finished = false;
  #reset = false;
  /** Octets in flight and arrived, not yet received. */
  #held = 0;

  readonly #flying: { readonly at: Instant; readonly content: Content }[] = [];

  readonly #arrived: Uint8Array[] = [];
  #unread = 0;
  /** What comes after the octets that have arrived. */
  #over: "end" | Error | undefined;
  #closed: Error | undefined;
  readonly #receiver = new Waiters<Uint8Array | undefined>();

  constructor(options: LaneOptions) {
    this.#options = options;
    this.#sizes = options.chunkSizes && endless(options.chunkSizes);
  }

  // The sender's side.

  /** Takes octets, which must not change afterwards. A promise: wait before sending more. */
  send(bytes: Uint8Array): void | Promise<void> {
    if (this.#finished && this.#abandoned === undefined)
      return Promise.reject(new Error("Our side of the connection has been ended"));
    this.post(bytes);
    // Without latency, the very octets just sent may have been answered with a reset.
    if (this.#abandoned !== undefined || this.#held > this.#options.capacity) return this.flushed();
  }

  /** Takes octets and asks nobody to wait; drops them where nothing can be sent any more. */
  post(bytes: Uint8Array): void {
    if (this.#finished || this.#abandoned !== undefined || bytes.length === 0) return;
    this.#held += bytes.length;
    this.#dispatch(bytes);
  }

  /** Sends the end behind the octets; more cannot follow. */
  finish(): void {
    if (this.#finished) return;
    this.#finished = true;
    this.#dispatch("end");
  }

  /** Settles once the octets held are within the capacity. */
  async flushed(): Promise<void> {
    if (this.#abandoned !== undefined) throw this.#abandoned;
    if (this.#held > this.#options.capacity) await this.#senders.wait();
  }

  /** Breaks the connection for the receiver, behind what is in flight already. */
  reset(error: Error): void {
    if (this.#reset) return;
    this.#reset = true;
    this.#dispatch(error);
  }

  /** Nothing can be sent any more, and whoever waits to send is told so. What is in flight arrives nevertheless. */
  abandon(error: Error): void {
    this.#abandoned ??= error;
    this.#senders.reject(error);
  }

  // The receiver's side.

  /** Whether octets have arrived that nobody has received. */
  get unread(): boolean {
    return this.#unread > 0;
  }

  /** Whether somebody waits for octets. */
  get receiving(): boolean {
    return !this.#receiver.none;
  }

  /** The next octets, or `undefined` at the end. One call at a time. */
  receive(): Promise<Uint8Array | undefined> {
    if (this.#closed !== undefined) return Promise.reject(this.#closed);
    if (this.receiving) return Promise.reject(new Error("A read is pending already"));
    const octets = this.#receiver.wait();
    this.#serve();
    return octets;
  }

  /** Nothing will be received any more: what has arrived is dropped, and what still arrives is refused. */
  close(error: Error): void {
    this.#closed ??= error;
    this.#arrived.length = 0;
    this.#unread = 0;
    this.#receiver.reject(error);
  }

  #dispatch(content: Content): void {
    const { clock, latency } = this.#options;
    if (latency > 0) {
      this.#flying.push({ at: clock.now() + latency, content });
      if (this.#flying.length === 1) clock.after(latency, () => this.#landDue());
      return;
    }
    this.#land(content);
    this.#serve();
  }

  /** All that is due lands before any of it is received, so that what was sent in one instant can be read as one. */
  #landDue(): void {
    const { clock } = this.#options;
    // The timer is proof enough for the first: a system clock may be a fraction of a millisecond behind it.
    const due = Math.max(clock.now(), this.#flying[0]?.at ?? 0);
    while (this.#flying[0] !== undefined && this.#flying[0].at <= due) {
      const parcel = this.#flying.shift();
      if (parcel !== undefined) this.#land(parcel.content);
    }
    const next = this.#flying[0];
    if (next !== undefined) clock.after(next.at - clock.now(), () => this.#landDue());
    this.#serve();
  }

  #land(content: Content): void {
    if (content === "end") this.#over ??= "end";
    else if (content instanceof Error) this.#break(content);
    else if (this.#closed !== undefined) this.events?.refused();
    else {
      this.#arrived.push(content);
      this.#unread += content.length;
    }
  }

  #break(error: Error): void {
    this.#over = error;
    if (this.#closed === undefined) this.events?.reset(error);
  }

  #serve(): void {
    if (!this.receiving) return;
    if (this.#unread > 0) this.#receiver.resolve(this.#take());
    else if (this.#over === "end") this.#receiver.resolve(undefined);
    else if (this.#over !== undefined) this.#receiver.reject(this.#over);
  }

  #take(): Uint8Array {
    const size =
      this.#sizes === undefined ? (this.#arrived[0]?.length ?? 0) : Math.min(this.#sizes.next().value, this.#unread);
    const pieces = this.#cut(size);
    this.#unread -= size;
    this.#held -= size;
    if (this.#held <= this.#options.capacity) this.#senders.resolve();
    return concatenated(pieces, size);
  }

  #cut(size: number): Uint8Array[] {
    const pieces: Uint8Array[] = [];
    for (let missing = size; missing > 0;) {
      const chunk = this.#arrived[0];
      if (chunk === undefined) break;
      const piece = chunk.subarray(0, missing);
      if (piece.length === chunk.length) this.#arrived.shift();
      else this.#arrived[0] = chunk.subarray(missing);
      pieces.push(piece);
      missing -= piece.length;
    }
    return pieces;
  }
}

/** The sizes over and over. Less than one octet counts as one; no sizes at all: as many as there are. */
function* endless(sizes: () => Iterable<number>): Generator<number, never> {
  for (;;) {
    let some = false;
    for (const size of sizes()) {
      some = true;
      yield size >= 1 ? Math.floor(size) : 1;
    }
    if (!some) yield Infinity;
  }
}

function concatenated(pieces: readonly Uint8Array[], size: number): Uint8Array {
  const only = pieces[0];
  if (only !== undefined && pieces.length === 1) return only;
  const whole = new Uint8Array(size);
  let offset = 0;
  for (const piece of pieces) {
    whole.set(piece, offset);
    offset += piece.length;
  }
  return whole;
}
