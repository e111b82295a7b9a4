// Content on its way in: what of it is handed on, and when it can no longer be accepted.

import { DataReader } from "../framing/data-reader.ts";
import type { Reply } from "../grammar/reply.ts";
import type { Inbox } from "../inbox.ts";
import { contentBlock, type ServerProfile } from "./options.ts";
import { checkReplies } from "./replies.ts";

/** `partial`: the content goes on. `ended`: its end has been read. `flooded`: too much was thrown away after a refusal. */
export type ContentOutcome = "partial" | "ended" | "flooded";

const nothing = new Uint8Array(0);

/** Any division into chunks gives the same octets, the same refusal at the same octet, and the same outcome. */
export class IncomingContent {
  /** Octets of content so far, the dots of transparency not counted. */
  size = 0;
  /** Content to be handed on, after `read`; may be empty. */
  slice: Uint8Array = nothing;
  /** Why the content cannot be accepted, once it cannot. Nothing behind that is handed on. */
  refusal: Reply | undefined;
  readonly #reader: DataReader;
  readonly #profile: ServerProfile;
  #discarded = 0;
  #block = 0;

  constructor(profile: ServerProfile) {
    this.#profile = profile;
    this.#reader = new DataReader({ bareNewlines: profile.bareNewlines });
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
    const octets = inbox.at - from;
    this.#block += octets;
    if (this.refusal === undefined) this.#take(this.#reader.slice, octets);
    else this.#discard(octets);
    if (this.#discarded > this.#profile.limits.discarded) return "flooded";
    return outcome === "end" ? "ended" : "partial";
  }

  #take(slice: Uint8Array, octets: number): void {
    const room = this.#profile.limits.messageSize - this.size;
    this.size += slice.length;
    this.slice = slice.length > room ? slice.subarray(0, room) : slice;
    if (slice.length > room) {
      this.refusal = checkReplies.tooLarge;
      this.#discarded = slice.length - room;
    } else if (this.#reader.bareNewline && this.#profile.bareNewlines === "reject") {
      this.refusal = checkReplies.bareNewline;
      // A CR at the end of the chunk before turned out to be bare: all that was read now stands behind it.
      if (slice.length === 0) this.#discarded = octets;
    }
  }

  #discard(octets: number): void {
    this.slice = nothing;
    this.#discarded += octets;
  }
}
