// Content on its way in: what of it is handed on, and when it can no longer be accepted.

import { ChunkReader } from "../framing/chunk-reader.ts";
import { DataReader } from "../framing/data-reader.ts";
import type { Chunk } from "../grammar/chunk.ts";
import type { Reply } from "../grammar/reply.ts";
import type { Inbox } from "../inbox.ts";
import type { Instant } from "../session.ts";
import { contentBlock, type ServerProfile } from "./options.ts";
import { checkReplies } from "./replies.ts";

/** How the content comes: behind 354, in chunks, or in chunks of octets that know no lines (BINARYMIME). */
export type ContentFraming = "data" | "chunks" | "binary";

/** `partial`: the content goes on. `ended`: it or its chunk has been read. `flooded`: too much was thrown away after a refusal. */
export type ContentOutcome = "partial" | "ended" | "flooded";

type Source = Pick<Inbox, "chunk" | "at">;

const nothing = new Uint8Array(0);

/** Any division into chunks gives the same octets, the same refusal at the same octet, and the same outcome. */
export class IncomingContent {
  /** Octets of content so far, the dots of transparency not counted. */
  size = 0;
  /** Content to be handed on, after `read`; may be empty. */
  slice: Uint8Array = nothing;
  /** Why the content cannot be accepted, once it cannot. Nothing behind that is handed on. */
  refusal: Reply | undefined;
  /** Whether the content ends with the present chunk, or comes without any. */
  last = true;
  /** Octets of the present chunk, or of the last one. */
  chunkOctets = 0;
  readonly #reader: DataReader | ChunkReader;
  readonly #profile: ServerProfile;
  #discarded = 0;
  #block = 0;
  /** When it began, and later by the time that the client was not waited for. */
  #started: Instant;
  #received = 0;
  /** A chunk that does not come from the client. */
  #inserted: Source | undefined;
  #smallChunks = 0;
  #overlarge = false;

  constructor(profile: ServerProfile, framing: ContentFraming, now: Instant) {
    this.#profile = profile;
    this.#started = now;
    const { bareNewlines } = profile;
    this.#reader =
      framing === "data"
        ? new DataReader({ bareNewlines })
        : new ChunkReader({ bareNewlines: framing === "binary" ? "keep" : bareNewlines });
  }

  /** A chunk follows. False: too many have been small; what little each holds costs more than it is worth. */
  begin({ octets, last }: Chunk): boolean {
    if (this.#reader instanceof DataReader) return true;
    this.last = last;
    this.chunkOctets = octets;
    this.#overlarge = octets > this.#profile.limits.messageSize - this.size;
    this.#reader.begin(octets, last);
    if (octets < contentBlock) this.#smallChunks += 1;
    return this.#smallChunks <= this.#profile.limits.smallChunks;
  }

  /** The application has fetched a chunk by itself. False: as for `begin`. */
  insert(octets: Uint8Array, last: boolean): boolean {
    this.#inserted = { chunk: octets, at: 0 };
    return this.begin({ octets: octets.length, last });
  }

  /** Whether no more octets of the client's are needed for the present chunk. */
  get chunkComplete(): boolean {
    return this.#inserted !== undefined || (this.#reader instanceof ChunkReader && this.#reader.remaining === 0);
  }

  /** When it will have come too slowly, should nothing more come until then. */
  get deadline(): Instant {
    const { timeouts, limits } = this.#profile;
    const affordable = limits.contentRate === 0 ? Infinity : (this.#received * 1_000) / limits.contentRate;
    return this.#started + Math.max(timeouts.content, affordable);
  }

  /** For so many milliseconds until now it was not the client that was waited for. */
  standStill(length: number, now: Instant): void {
    this.#started = Math.min(this.#started + length, now);
  }

  /** Nothing more is handed on, and this is answered. False: it was refused before. */
  refuse(reply: Reply): boolean {
    if (this.refusal !== undefined) return false;
    this.refusal = reply;
    return true;
  }

  /** Whether a whole block has come since this was last asked: what the `content` timeout counts as progress. */
  takeProgress(): boolean {
    if (this.#block < contentBlock) return false;
    this.#block = 0;
    return true;
  }

  read(inbox: Inbox): ContentOutcome {
    const source = this.#inserted ?? inbox;
    const from = source.at;
    const outcome = this.#reader.read(source.chunk, from);
    source.at = this.#reader.next;
    if (outcome === "end") this.#inserted = undefined;
    const octets = source.at - from;
    this.#block += octets;
    this.#received += octets;
    // It was announced: nothing of such a chunk need be handed on.
    if (this.#overlarge) this.refusal ??= checkReplies.tooLarge;
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
