// One direction of a connection in memory: octets fly for a while, arrive, and are received in pieces of chosen sizes.
// What TCP does is modelled as far as a program can tell: order, back-pressure, end and reset.

import type { Instant } from "@carteiro/core";
import type { Clock } from "@carteiro/driver";
import { Waiters } from "./waiters.ts";
import type { Way } from "./way.ts";

export interface LaneOptions {
  readonly clock: Clock;
  readonly way: Way;
  /** Octets sent and not yet received beyond which the sender is asked to wait. */
  readonly capacity: number;
  /** Sizes of the pieces that are received, over again when they run out; `undefined`: pieces as they were sent. */
  readonly chunkSizes: (() => Iterable<number>) | undefined;
}

/** What a lane tells the end that it leads to, whether or not that end is receiving; `lost` the one that it comes from. */
export interface LaneEvents {
  /** Octets arrived after `close`. TCP answers them with a reset. */
  refused(): void;
  /** The sender has reset the connection. */
  reset(error: Error): void;
  /** What was sent has not arrived for longer than the way has patience. */
  lost(error: Error): void;
}

/** What leaves together on a way of limited bandwidth: a segment, as TCP has it over Ethernet. */
const segment = 1_460;

type Content = Uint8Array | "end" | Error;

export class Lane {
  /** To be set by the receiving end before anything is sent. */
  events: Pick<LaneEvents, "refused" | "reset"> | undefined;
  /** To be set by the sending end. */
  lost: LaneEvents["lost"] | undefined;
  readonly #options: LaneOptions;
  readonly #sizes: Iterator<number, never> | undefined;

  readonly #senders = new Waiters<void>();
  #abandoned: Error | undefined;
  #finished = false;
  #reset = false;
  /** Octets in flight and arrived, not yet received. */
  #held = 0;

  /** In order; the first has a timer, unless it waits for the way to be mended. */
  #flying: { readonly at: Instant; readonly content: Content }[] = [];

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
    if (this.#options.way.bandwidth === Infinity) return this.#dispatch(bytes);
    for (let at = 0; at < bytes.length; at += segment) this.#dispatch(bytes.subarray(at, at + segment));
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

  /** Octets in flight or waiting to be received. */
  get held(): number {
    return this.#held;
  }

  /** Whether somebody waits to send. */
  get sending(): boolean {
    return !this.#senders.none;
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
    this.#held -= this.#unread;
    this.#unread = 0;
    this.#receiver.reject(error);
  }

  #dispatch(content: Content): void {
    const { clock, way } = this.#options;
    const at = Math.max(way.arrival(lengthOf(content)), this.#flying.at(-1)?.at ?? 0);
    if (at <= clock.now() && this.#flying.length === 0 && !way.isCut) {
      this.#land(content);
      this.#serve();
      return;
    }
    this.#flying.push({ at, content });
    if (this.#flying.length === 1) this.#fly();
  }

  #fly(): void {
    const { clock } = this.#options;
    const [next] = this.#flying;
    if (next !== undefined) clock.after(next.at - clock.now(), () => this.#landDue(next.at));
  }

  /** All that is due lands before any of it is received, so that what was sent in one instant can be read as one. */
  #landDue(at: Instant): void {
    const { clock, way } = this.#options;
    if (way.isCut) return this.#waitForMending();
    // The timer is proof enough for the first: a system clock may be a fraction of a millisecond behind it.
    const due = Math.max(clock.now(), at);
    const landing = this.#flying.findIndex((parcel) => parcel.at > due);
    for (const { content } of this.#flying.splice(0, landing < 0 ? Infinity : landing)) this.#land(content);
    this.#fly();
    this.#serve();
  }

  #waitForMending(): void {
    const { clock, way } = this.#options;
    const stop = clock.after(way.patience, () => {
      cancel();
      this.#lose();
    });
    const cancel = way.whenMended(() => {
      stop();
      this.#sendAgain();
    });
  }

  #sendAgain(): void {
    const { clock, way } = this.#options;
    const now = clock.now();
    let last = now;
    this.#flying = this.#flying.map(({ at, content }) => {
      last = Math.max(last, at > now ? at : way.arrival(lengthOf(content)));
      return { at: last, content };
    });
    this.#fly();
  }

  #lose(): void {
    this.#flying = [];
    this.#held = this.#unread;
    // Nothing follows but a reset, where octets still come from the other side.
    this.#finished = true;
    this.#reset = false;
    this.lost?.(Object.assign(new Error("What was sent has not arrived for too long"), { code: "ETIMEDOUT" }));
  }

  #land(content: Content): void {
    if (content === "end") this.#over ??= "end";
    else if (content instanceof Error) this.#break(content);
    else if (this.#closed !== undefined) this.#refuse(content);
    else {
      this.#arrived.push(content);
      this.#unread += content.length;
    }
  }

  #refuse(octets: Uint8Array): void {
    this.#held -= octets.length;
    this.events?.refused();
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

function lengthOf(content: Content): number {
  return content instanceof Uint8Array ? content.length : 0;
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
