// How octets leave by a socket: past the stream where that is possible, else by it. For each write the stream keeps account of what
// waits, and calls back a turn later, though the system mostly takes all at once. Here the socket is given octets by what its
// stream is made of.

import { Socket } from "node:net";
import { versions } from "node:process";

export interface Outlet {
  /** Sends octets behind what was sent before. True: more may follow at once. False: it is said when. */
  write(bytes: Uint8Array): boolean;
  /** Nothing is written any more, and nothing said. */
  end(): void;
}

/** @param emptied Called when nothing waits any more, perhaps in the call of `write`. Errors end the socket, which tells of them. */
export function outlet(socket: Socket, emptied: () => void): Outlet {
  return isPlain(socket) ? new DirectOutlet(socket, emptied) : new StreamOutlet(socket, emptied);
}

class StreamOutlet implements Outlet {
  readonly #socket: Socket;
  readonly #emptied: () => void;

  constructor(socket: Socket, emptied: () => void) {
    this.#socket = socket;
    this.#emptied = emptied;
    socket.on("drain", emptied);
  }

  write(bytes: Uint8Array): boolean {
    return this.#socket.write(bytes);
  }

  end(): void {
    this.#socket.off("drain", this.#emptied);
  }
}

const isNode = versions["deno"] === undefined && versions["bun"] === undefined;

/** Whether nobody overtakes anybody when the stream is passed by, and the way beneath is known. */
function isPlain(socket: Socket): boolean {
  return isNode && socket.constructor === Socket && !socket.connecting && socket.writableLength === 0;
}

/** As the stream calls it for arrays. */
const asTheyAre = "buffer" as BufferEncoding;

class DirectOutlet implements Outlet {
  readonly #socket: Socket;
  /** For all writes. */
  readonly #left: (error?: Error | null) => void;
  /** Writes that have not left; they leave in order. */
  #waiting = 0;

  constructor(socket: Socket, emptied: () => void) {
    this.#socket = socket;
    this.#left = (error) => {
      this.#waiting -= 1;
      if (error) socket.destroy(error);
      else if (this.#waiting === 0) emptied();
    };
  }

  write(bytes: Uint8Array): boolean {
    this.#waiting += 1;
    this.#socket._write(bytes, asTheyAre, this.#left);
    return this.#waiting === 0;
  }

  /** It listens to nothing. */
  end(): void {}
}
