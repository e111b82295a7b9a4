// How a socket's octets come in: past the stream where that is possible, else by it. For each read, however short, the stream
// allocates 64 KiB, which costs a server more than all that its session does with a command. Against that Node offers `onread`,
// but only for sockets that connect; here is the same for those that were accepted, too, by the means beneath it.

import { Socket } from "node:net";
import { platform, versions } from "node:process";

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
  /** Leaves the socket paused, and as it was. */
  end(): void;
}

/** Has octets taken as they come, until the intake is ended or the socket closed; those that are there already before it returns. */
export function intake(socket: Socket, taker: Taker): Intake {
  const handle = knownHandle(socket);
  return handle === undefined ? new StreamIntake(socket, taker) : new DirectIntake(socket, handle, taker);
}

class StreamIntake implements Intake {
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

/** What a socket of Node's has beneath it. None of it is documented, and it is looked for before it is used. */
interface Handle {
  /** Whether it has been told to read. */
  reading: boolean;
  readonly bytesRead: number;
  /** Called for each read, and for the end and errors. */
  onread: (this: Handle, given: unknown) => unknown;
  readStart(): number;
  readStop(): number;
  /** Each read puts its octets at the beginning of the buffer from now on. */
  useUserBuffer(buffer: Uint8Array): void;
}

/** One for all sockets: what was read is taken out of it, or lent, in the call that tells of it. */
const common = Buffer.allocUnsafeSlow(131_072);
/** Octets up to which they are lent: to take a command out of it costs more than its parse. Content has to be taken out anyway. */
const mostLent = 512;
/** What is lent, by its length. */
const views: (Buffer | undefined)[] = Array.from({ length: mostLent + 1 });
/** Windows is given the buffer long before there is anything to read. Deno and Bun have other things beneath. */
const mayBeCommon = platform !== "win32" && versions["deno"] === undefined && versions["bun"] === undefined;

function knownHandle(socket: Socket): Handle | undefined {
  const { _handle: handle } = socket as { readonly _handle?: Partial<Handle> | null };
  const isKnown =
    mayBeCommon &&
    socket.constructor === Socket &&
    !socket.connecting &&
    typeof handle?.useUserBuffer === "function" &&
    typeof handle.readStart === "function" &&
    typeof handle.readStop === "function" &&
    typeof handle.onread === "function" &&
    typeof handle.reading === "boolean" &&
    typeof handle.bytesRead === "number";
  return isKnown ? (handle as Handle) : undefined;
}

/** Octets that come while it is paused, until nothing is read any more. */
const mostAhead = 65_536;
/** As how many a chunk counts at least: one of a single octet costs more than that. */
const leastCounted = 512;

/** The stream is told of the end and of errors alone. */
class DirectIntake implements Intake {
  readonly #socket: Socket;
  readonly #handle: Handle;
  readonly #taker: Taker;
  readonly #byStream: Handle["onread"];
  #isPaused = false;
  #ahead = 0;

  constructor(socket: Socket, handle: Handle, taker: Taker) {
    const byStream = handle.onread;
    this.#socket = socket;
    this.#handle = handle;
    this.#taker = taker;
    this.#byStream = byStream;
    // It must not let flow what is put back into it.
    socket.pause();
    while (socket.readableLength > 0) taker.came(socket.read());
    let { bytesRead } = handle;
    handle.useUserBuffer(common);
    handle.onread = (given) => {
      const octets = handle.bytesRead - bytesRead;
      if (octets === 0) return byStream.call(handle, given);
      bytesRead += octets;
      this.#came(octets);
    };
  }

  resume(): void {
    const handle = this.#handle;
    this.#isPaused = false;
    this.#ahead = 0;
    if (handle.reading || this.#socket.destroyed) return;
    handle.reading = true;
    if (handle.readStart() < 0) this.#socket.destroy(new Error("The socket cannot be read"));
  }

  pause(): void {
    this.#isPaused = true;
  }

  end(): void {
    this.#stop();
    this.#handle.onread = this.#byStream;
  }

  #came(octets: number): void {
    const socket = this.#socket;
    // An idle time that somebody has set.
    if (socket.timeout !== undefined && socket.timeout > 0) socket.setTimeout(socket.timeout);
    if (octets <= mostLent) this.#taker.lent((views[octets] ??= common.subarray(0, octets)));
    else this.#taker.came(taken(octets));
    if (!this.#isPaused) return;
    this.#ahead += Math.max(octets, leastCounted);
    if (this.#ahead >= mostAhead) this.#stop();
  }

  #stop(): void {
    const handle = this.#handle;
    if (!handle.reading || this.#socket.destroyed) return;
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
