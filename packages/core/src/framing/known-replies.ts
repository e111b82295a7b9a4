// Replies that a server has said before: it says the same few again and again, and to compare octets is less than to read them.

import { copyOf } from "../grammar/octets.ts";
import type { Reply } from "../grammar/reply.ts";

/** How many are kept: more than a transaction has. */
const most = 8;
/** Octets of the longest line that is kept. */
const longest = 96;

interface KnownReply {
  readonly octets: Uint8Array;
  readonly reply: Reply;
}

/** Replies of one line each. */
export class KnownReplies {
  readonly #known: KnownReply[] = [];
  /** Which of them gives way to the next one. */
  #oldest = 0;

  /** What the line between two indexes has been read as. */
  find(octets: Uint8Array, start: number, end: number): Reply | undefined {
    for (let index = 0; index < this.#known.length; index++) {
      const known = this.#known[index];
      if (known !== undefined && isSame(known.octets, octets, start, end)) return known.reply;
    }
    return undefined;
  }

  keep(octets: Uint8Array, start: number, end: number, reply: Reply): void {
    if (end - start > longest) return;
    // It is given to many from now on.
    Object.freeze(reply.lines);
    this.#known[this.#oldest] = { octets: copyOf(octets, start, end), reply: Object.freeze(reply) };
    this.#oldest = (this.#oldest + 1) % most;
  }
}

/** From the end on, where replies differ soonest. */
function isSame(known: Uint8Array, octets: Uint8Array, start: number, end: number): boolean {
  if (known.length !== end - start) return false;
  let at = known.length - 1;
  while (at >= 0 && known[at] === octets[start + at]) at -= 1;
  return at < 0;
}
