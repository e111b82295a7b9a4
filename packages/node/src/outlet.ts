// How octets leave: past the stream where that is possible, else by it. For each write the stream makes a request, keeps
// account of what waits, and calls back a turn later, though the system mostly takes all at once.

import type { Socket } from "node:net";
import { newRequest, systemError, type Handle, type Request } from "./beneath.ts";
import type { Owner } from "./intake.ts";

export interface Outlet {
  /** Sends octets behind what was sent before. True: more may follow at once. False: it is said when. */
  write(bytes: Uint8Array): boolean;
  /** The same for several arrays; past the stream, in one call of the system's. */
  writeAll(pieces: readonly Uint8Array[]): boolean;
  /** Nothing is written any more, and nothing said. */
  end(): void;
}

export class StreamOutlet implements Outlet {
  readonly #socket: Socket;
  readonly #emptied: () => void;

  /** @param emptied Called when nothing waits any more. Errors end the socket, which tells of them. */
  constructor(socket: Socket, emptied: () => void) {
    this.#socket = socket;
    this.#emptied = emptied;
    socket.on("drain", emptied);
  }

  write(bytes: Uint8Array): boolean {
    return this.#socket.write(bytes);
  }

  writeAll(pieces: readonly Uint8Array[]): boolean {
    return pieces.map((piece) => this.#socket.write(piece)).at(-1) ?? true;
  }

  end(): void {
    this.#socket.off("drain", this.#emptied);
  }
}

type Octets = NonNullable<Request["buffer"]>;

/** What a request has in the place of a number as long as no handle has it. */
const unused = -1;
/** Not in use: mostly a write takes no time, and leaves it as it was. */
let spare: Request | undefined;

export class DirectOutlet implements Outlet {
  readonly #owner: Owner;
  readonly #handle: Handle;
  readonly #emptied: () => void;
  /** Writes that have not left; they leave in order. */
  #waiting = 0;

  /** @param emptied Called when nothing waits any more. Errors end the owner, which tells of them. */
  constructor(owner: Owner, handle: Handle, emptied: () => void) {
    this.#owner = owner;
    this.#handle = handle;
    this.#emptied = emptied;
  }

  write(bytes: Uint8Array): boolean {
    const request = (spare ??= newRequest("Write"));
    return this.#sent(this.#handle.writeBuffer(request, bytes), request, bytes);
  }

  writeAll(pieces: readonly Uint8Array[]): boolean {
    const request = (spare ??= newRequest("Write"));
    return this.#sent(this.#handle.writev(request, pieces, true), request, pieces);
  }

  /** It listens to nothing. */
  end(): void {}

  #sent(status: number, request: Request, octets: Octets): boolean {
    if (status !== 0) {
      spare = undefined;
      this.#fail(status);
    }
    // What waits may have left by now: the request is the handle's all the same.
    else if (request.getAsyncId() !== unused) this.#wait(request, octets);
    return this.#waiting === 0;
  }

  /** The request is the handle's until the octets have left. */
  #wait(request: Request, octets: Octets): void {
    spare = undefined;
    this.#waiting += 1;
    request.buffer = octets;
    request.oncomplete = (status) => {
      this.#waiting -= 1;
      if (status !== 0) this.#fail(status);
      else if (this.#waiting === 0) this.#emptied();
    };
  }

  #fail(status: number): void {
    if (!this.#owner.destroyed) this.#owner.destroy(systemError("write", status));
  }
}
