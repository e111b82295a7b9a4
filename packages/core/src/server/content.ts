// Content on its way in: what of it is handed on, and when it can no longer be accepted.

import { DataReader, type DataOutcome } from "../framing/data-reader.ts";
import type { Reply } from "../grammar/reply.ts";
import type { Inbox } from "../inbox.ts";
import { contentBlock, type ServerProfile } from "./options.ts";
import { checkReplies } from "./replies.ts";

/**
 * - `slice`: `slice` is to be handed on. `refused`: `refusal` has just been set; nothing is handed on any more.
 * - `discarded`: octets were read and thrown away. `flooded`: too many of them.
 * - `partial`: all that was received has been read. `ended`: so has the end of the content.
 */
export type ContentOutcome = "slice" | "refused" | "discarded" | "flooded" | "partial" | "ended";

export class IncomingContent {
  /** Octets of content so far, the dots of transparency not counted. */
  size = 0;
  /** Why the content cannot be accepted, once it cannot. */
  refusal: Reply | undefined;
  readonly #reader: DataReader;
  readonly #profile: ServerProfile;
  #discarded = 0;
  #block = 0;

  constructor(profile: ServerProfile) {
    this.#profile = profile;
    this.#reader = new DataReader({ bareNewlines: profile.bareNewlines });
  }

  get slice(): Uint8Array {
    return this.#reader.slice;
  }

  /** Whether a whole block has come since this was last asked: what the `content` timeout counts as progress. */
  takeProgress(): boolean {
    if (this.#block < contentBlock) return false;
    this.#block = 0;
    return true;
  }

  read(inbox: Inbox): ContentOutcome {
    const from = inbox.at;
    const outcome = this.#reader.read(inbox.chunk, from);
    inbox.at = this.#reader.next;
    this.#block += inbox.at - from;
    if (this.refusal !== undefined) return this.#discard(outcome, inbox.at - from);
    if (outcome === "slice") this.size += this.#reader.slice.length;
    this.refusal = this.#unacceptable();
    if (outcome === "end") return "ended";
    return this.refusal === undefined ? outcome : "refused";
  }

  #unacceptable(): Reply | undefined {
    if (this.#reader.bareNewline && this.#profile.bareNewlines === "reject") return checkReplies.bareNewline;
    if (this.size > this.#profile.limits.messageSize) return checkReplies.tooLarge;
    return undefined;
  }

  #discard(outcome: DataOutcome, octets: number): ContentOutcome {
    this.#discarded += octets;
    if (outcome === "end") return "ended";
    if (this.#discarded > this.#profile.limits.discarded) return "flooded";
    return outcome === "slice" ? "discarded" : "partial";
  }
}
