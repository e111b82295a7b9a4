// What was received and not yet read: the chunk being read, and those that came while the session could not read.

import { joinOctets } from "./grammar/octets.ts";

const nothing = new Uint8Array(0);

export class Inbox {
  /** The chunk being read. */
  chunk: Uint8Array = nothing;
  /** Index in `chunk` of the first octet not yet read. */
  at = 0;
  /** Whether the peer has ended its side: after what is here, nothing follows. */
  ended = false;
  #waiting: Uint8Array[] = [];
  /** How many of `#waiting` have been taken: to shift a long list is to move it whole. */
  #taken = 0;
  #waitingOctets = 0;

  add(bytes: Uint8Array): void {
    if (this.at >= this.chunk.length && this.#waiting.length === 0) {
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
      const next = this.#waiting[this.#taken];
      this.chunk = next ?? nothing;
      this.at = 0;
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
