// A chunk of BDAT that is refused: its octets come all the same, and are thrown away before the refusal is said (RFC 3030 §2).

import type { Reply } from "../grammar/reply.ts";
import type { Inbox } from "../inbox.ts";
import { contentBlock } from "./options.ts";

export class RefusedChunk {
  /** What is said once they have come. */
  readonly reply: Reply;
  #remaining: number;
  #block = 0;

  constructor(octets: number, reply: Reply) {
    this.#remaining = octets;
    this.reply = reply;
  }

  /** Octets that have not come yet. */
  get remaining(): number {
    return this.#remaining;
  }

  /** Takes what has come of it out of the inbox. */
  read(inbox: Inbox): void {
    const octets = Math.min(this.#remaining, inbox.chunk.length - inbox.at);
    inbox.at += octets;
    this.#remaining -= octets;
    this.#block += octets;
  }

  /** Whether a whole block has come since this was last asked: what the `content` timeout counts as progress. */
  takeProgress(): boolean {
    if (this.#block < contentBlock) return false;
    this.#block = 0;
    return true;
  }
}
