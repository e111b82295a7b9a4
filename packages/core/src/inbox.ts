// What was received and not yet read: the chunk being read, and those that came while the session could not read.

import { copyOf, joinOctets } from "./grammar/octets.ts";

const nothing = new Uint8Array(0);

export class Inbox {
  /** The chunk being read. */
  chunk: Uint8Array = nothing;
  /** Index in `chunk` of the first octet not yet read. */
  at = 0;
  /** Whether the chunk's octets may be others once the session is idle. */
  #isLent = false;
  /** Whether the peer has ended its side: after what is here, nothing follows. */
  ended = false;
  #waiting: Uint8Array[] = [];
  /** How many of `#waiting` have been taken: to shift a long list is to move it whole. */
  #taken = 0;
  #waitingOctets = 0;

  /** @param isLent Whether the array may change after the next `keep`. */
  add(bytes: Uint8Array, isLent: boolean): void {
    if (this.at >= this.chunk.length && this.#waiting.length === 0) {
      this.chunk = bytes;
      this.at = 0;
      this.#isLent = isLent;
    } else {
      this.#waiting.push(isLent ? copyOf(bytes, 0, bytes.length) : bytes);
      this.#waitingOctets += bytes.length;
    }
  }

  /** What was lent and has not been read yet is kept in memory of its own; nothing refers to what was lent any more. */
  keep(): void {
    if (!this.#isLent) return;
    this.chunk = this.at < this.chunk.length ? copyOf(this.chunk, this.at, this.chunk.length) : nothing;
    this.at = 0;
    this.#isLent = false;
  }

  /** Octets received and not yet read. */
  get unread(): number {
    return this.chunk.length - this.at + this.#waitingOctets;
  }

  /** Makes `chunk` and `at` point to an unread octet; false when there is none. */
  ready(): boolean {
    while (this.at >= this.chunk.length) {
      const next = this.#waiting[this.#taken];
      this.chunk = next ?? nothing;
      this.at = 0;
      this.#isLent = false;
      if (next === undefined) return false;
      this.#taken += 1;
      this.#waitingOctets -= next.length;
      if (this.#taken * 2 > this.#waiting.length) this.#forgetTaken();
    }
    return true;
  }

  /** What has not been read, where there is any; the inbox is empty afterwards. */
  takeRest(): { readonly unread?: Uint8Array } {
    const pieces: Uint8Array[] = [];
    while (this.ready()) {
      pieces.push(this.chunk.subarray(this.at));
      this.at = this.chunk.length;
    }
    this.clear();
    return pieces.length === 0 ? {} : { unread: joinOctets(pieces) };
  }

  clear(): void {
    this.chunk = nothing;
    this.at = 0;
    this.#isLent = false;
    this.#waiting = [];
    this.#taken = 0;
    this.#waitingOctets = 0;
  }

  /** When more have been taken than are left, so that each is moved once at most, on average. */
  #forgetTaken(): void {
    this.#waiting = this.#waiting.slice(this.#taken);
    this.#taken = 0;
  }
}
