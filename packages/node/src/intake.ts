// How a socket's octets come in: past the stream where that is possible, else by it. For each read, however short, the stream
// allocates 64 KiB, which costs a server more than all that its session does with a command. Against that Node offers `onread`,
// but only for sockets that connect; here is the same for those that were accepted, too, by the means beneath it.

import type { Socket } from "node:net";
import type { Handle } from "./beneath.ts";

/** Who takes what came. */
export interface Taker {
  /** Octets that last. */
  came(chunk: Buffer): void;
  /** Octets that are others once this has returned: `own` gives such as last. */
  lent(chunk: Buffer): void;
}

export interface Intake {
  /** Octets come from now on. */
  resume(): void;
  /** Octets come until there are about 192 KiB of them at most: until then the end and errors are noticed as well. */
  pause(): void;
  /** Nothing comes any more; what it comes by is left paused, and as it was. */
  end(): void;
}

export class StreamIntake implements Intake {
  readonly #socket: Socket;
  readonly #take: (chunk: Buffer) => void;

  constructor(socket: Socket, taker: Taker) {
    this.#socket = socket;
    this.#take = (chunk) => taker.came(chunk);
    socket.on("data", this.#take);
  }

  resume(): void {
    if (this.#socket.isPaused()) this.#socket.resume();
  }

  pause(): void {
    this.#socket.pause();
  }

  end(): void {
    this.#socket.pause();
    this.#socket.off("data", this.#take);
  }
}

/** One for all: what was read is taken out of it, or lent, in the call that tells of it. */
const common = Buffer.allocUnsafeSlow(131_072);
/** Octets up to which they are lent: to take a command out of it costs more than its parse. Content has to be taken out anyway. */
const mostLent = 512;
/** What is lent, by its length. */
const views: (Buffer | undefined)[] = Array.from({ length: mostLent + 1 });

/** Whose handle it is: a socket, or who does without. */
export interface Owner {
  readonly destroyed: boolean;
  /** Milliseconds of an idle time that somebody has set. */
  readonly timeout?: number | undefined;
  setTimeout?(milliseconds: number): unknown;
  destroy(error: Error): unknown;
}

/** Octets that come while it is paused, until nothing is read any more. */
const mostAhead = 65_536;
/** As how many a chunk counts at least: one of a single octet costs more than that. */
const leastCounted = 512;

type OnRead = NonNullable<Handle["onread"]>;

/** Others are told of the end and of errors alone. */
export class DirectIntake implements Intake {
  readonly #owner: Owner;
  readonly #handle: Handle;
  readonly #taker: Taker;
  readonly #otherwise: OnRead | undefined;
  #isPaused = false;
  #ahead = 0;
  #wasFull = false;

  /** @param otherwise Called in the handle's place for what is no octets: the end, an error, or nothing at all. */
  constructor(owner: Owner, handle: Handle, taker: Taker, otherwise: OnRead | undefined) {
    this.#owner = owner;
    this.#handle = handle;
    this.#taker = taker;
    this.#otherwise = otherwise;
    let { bytesRead } = handle;
    handle.useUserBuffer(common);
    handle.onread = (given) => {
      const octets = handle.bytesRead - bytesRead;
      if (octets === 0) return otherwise?.call(handle, given);
      bytesRead += octets;
      this.#came(octets);
    };
  }

  /** Whether the last read has filled the buffer: the next one may find nothing, and what is no octets means nothing then. */
  get wasFull(): boolean {
    return this.#wasFull;
  }

  resume(): void {
    const handle = this.#handle;
    this.#isPaused = false;
    this.#ahead = 0;
    if (handle.reading === true || this.#owner.destroyed) return;
    handle.reading = true;
    if (handle.readStart() < 0) this.#owner.destroy(new Error("The socket cannot be read"));
  }

  pause(): void {
    this.#isPaused = true;
  }

  end(): void {
    this.#stop();
    this.#handle.onread = this.#otherwise;
  }

  #came(octets: number): void {
    this.#wasFull = octets === common.length;
    const { timeout } = this.#owner;
    if (timeout !== undefined && timeout > 0) this.#owner.setTimeout?.(timeout);
    if (octets <= mostLent) this.#taker.lent((views[octets] ??= common.subarray(0, octets)));
    else this.#taker.came(taken(octets));
    if (!this.#isPaused) return;
    this.#ahead += Math.max(octets, leastCounted);
    if (this.#ahead >= mostAhead) this.#stop();
  }

  #stop(): void {
    const handle = this.#handle;
    if (handle.reading !== true || this.#owner.destroyed) return;
    handle.reading = false;
    handle.readStop();
  }
}

/** Octets up to which a slice costs less, although V8 clears its memory first. */
const short = 4_096;

/** What was read, in memory of its own: who keeps it keeps nothing else with it, and shows nothing of others. */
function taken(octets: number): Buffer {
  if (octets <= short) return own(common, octets);
  const chunk = Buffer.allocUnsafeSlow(octets);
  common.copy(chunk, 0, 0, octets);
  return chunk;
}

/** What was lent, or a part of it, likewise. */
export function own(part: Uint8Array, octets = part.length): Buffer {
  return Uint8Array.prototype.slice.call(part, 0, octets) as Buffer;
}
