// One connection as its transport sees it: a `Deno.Conn`, or TLS on top of one.

/** Nothing is read from the network unless `read` is pending, or within what the layer below buffers. */
export interface Channel {
  /** The next octets, `undefined` once the peer has ended. */
  read(): Promise<Uint8Array | undefined>;
  /** Sends all of it. Not to be called while another call is pending. */
  write(bytes: Uint8Array): Promise<void>;
  /** Ends our side (half-close). */
  end(): Promise<void>;
  /** Closes both sides; pending calls reject. Never throws. */
  close(): void;
}

/** Octets of an array that is read into, and those that must be left of it for one more read. */
const arraySize = 65_536;
const leastRoom = 16_384;

export class ConnChannel implements Channel {
  readonly conn: Deno.Conn;
  /** What is left of the array that was read into last. */
  #room = new Uint8Array();

  constructor(conn: Deno.Conn) {
    this.conn = conn;
  }

  async read(): Promise<Uint8Array | undefined> {
    if (this.#room.length < leastRoom) this.#room = new Uint8Array(arraySize);
    const octets = await this.conn.read(this.#room);
    if (octets === null) return undefined;
    const bytes = this.#room.subarray(0, octets);
    this.#room = this.#room.subarray(octets);
    return bytes;
  }

  async write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) at += await this.conn.write(bytes.subarray(at));
  }

  end(): Promise<void> {
    return this.conn.closeWrite();
  }

  close(): void {
    try {
      this.conn.close();
    } catch {
      // It is closed already, or has been consumed by TLS that failed.
    }
  }
}
