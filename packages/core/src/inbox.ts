// What was received and not yet read: the chunk being read, and those that came while the session could not read.

const nothing = new Uint8Array(0);

export class Inbox {
  /** The chunk being read. */
  chunk: Uint8Array = nothing;
  /** Index in `chunk` of the first octet not yet read. */
  at = 0;
  /** Whether the peer has ended its side: after what is here, nothing follows. */
  ended = false;
  #waiting: Uint8Array[] = [];
  #waitingOctets = 0;

  add(bytes: Uint8Array): void {
    if (this.at >= this.chunk.length) {
      this.chunk = bytes;
      this.at = 0;
    } else {
      this.#waiting.push(bytes);
      this.#waitingOctets += bytes.length;
    }
  }

  /** Octets received and not yet read. */
  get unread(): number {
    return this.chunk.length - this.at + this.#waitingOctets;
  }

  /** Makes `chunk` and `at` point to an unread octet; false when there is none. */
  ready(): boolean {
    while (this.at >= this.chunk.length) {
      const next = this.#waiting.shift();
      this.chunk = next ?? nothing;
      this.at = 0;
      if (next === undefined) return false;
      this.#waitingOctets -= next.length;
    }
    return true;
  }

  clear(): void {
    this.chunk = nothing;
    this.at = 0;
    this.#waiting = [];
    this.#waitingOctets = 0;
  }
}
