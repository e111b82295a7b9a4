// What a session has to write: collected, so that all that is said in one go leaves in one write, and counted until it has left.

import type { Clock } from "./clock.ts";
import { joined } from "./joined.ts";
import type { Transport } from "./transport.ts";

const settled = Promise.resolve();

/** Octets at which a write leaves although more could be collected. */
const fullWrite = 16_384;

/** Who is told. */
export interface Sender {
  /** The transport has taken something that it had asked to wait for. */
  left(): void;
  /** A write has failed. */
  broken(error: unknown): void;
}

export class Outgoing {
  /** Octets that the transport has not taken yet, though they have been handed to it. */
  unsent = 0;
  readonly #transport: Transport;
  readonly #clock: Clock;
  readonly #sender: Sender;
  #first: Uint8Array | undefined;
  #behind: Uint8Array[] | undefined;
  #octets = 0;
  #cancelCollecting: (() => void) | undefined;
  #flushed: Promise<void> | undefined;
  #isOver = false;

  constructor(transport: Transport, clock: Clock, sender: Sender) {
    this.#transport = transport;
    this.#clock = clock;
    this.#sender = sender;
  }

  /** Settles when more may be written without piling up; never rejects. What is only collected does not count. */
  flushed(): Promise<void> {
    return this.#flushed ?? settled;
  }

  /** The octets must not change afterwards. */
  write(bytes: Uint8Array): void {
    // What stands before something large leaves first, and a little behind it leaves with it, as the end of content does.
    if (bytes.length >= fullWrite) this.flush();
    if (this.#first === undefined) this.#first = bytes;
    else (this.#behind ??= []).push(bytes);
    this.#octets += bytes.length;
    if (this.#octets >= fullWrite && bytes.length < fullWrite) this.flush();
  }

  /** More may be said at once, as by a handler that answers a pipelined command without waiting for anything. */
  flushSoon(): void {
    if (this.#octets >= fullWrite) return this.flush();
    if (this.#octets === 0 || this.#cancelCollecting !== undefined) return;
    this.#cancelCollecting = this.#clock.after(0, () => this.flush());
  }

  /** Everything leaves. */
  flush(): void {
    this.#cancelCollecting?.();
    this.#cancelCollecting = undefined;
    const first = this.#first;
    const behind = this.#behind;
    const octets = this.#octets;
    this.#first = this.#behind = undefined;
    this.#octets = 0;
    if (first === undefined || this.#isOver) return;
    try {
      this.#send(first, behind, octets);
    } catch (error) {
      this.#sender.broken(error);
    }
  }

  /** The connection is gone: nothing leaves any more. */
  end(): void {
    this.#isOver = true;
    this.#cancelCollecting?.();
  }

  #send(first: Uint8Array, behind: readonly Uint8Array[] | undefined, octets: number): void {
    const transport = this.#transport;
    if (behind === undefined) return this.#waitFor(transport.write(first), octets);
    // To join it with something large would copy that.
    const isLarge = first.length >= fullWrite;
    const pieces = isLarge ? [first, joined(behind, octets - first.length)] : [joined([first, ...behind], octets)];
    if (isLarge && transport.writeAll !== undefined) return this.#waitFor(transport.writeAll(pieces), octets);
    for (const piece of pieces) this.#waitFor(transport.write(piece), piece.length);
  }

  #waitFor(pending: void | Promise<void>, octets: number): void {
    if (pending === undefined) return;
    this.unsent += octets;
    const taken = pending.then(
      () => {
        this.unsent -= octets;
        this.#sender.left();
      },
      (error: unknown) => this.#sender.broken(error),
    );
    this.#flushed = this.flushed().then(() => taken);
  }
}
