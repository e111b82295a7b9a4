// Content sent with BDAT out of a stream of octets: exactly as many as announced, whatever they are (RFC 3030).

import { CR, LF } from "../grammar/abnf.ts";
import type { DataReaderOptions } from "./data-reader.ts";
import { textEnd } from "./text-end.ts";
import { normalised } from "./normalised.ts";

/**
 * What `ChunkReader.read` came upon:
 * - `slice`: content, in `slice`. There may be more.
 * - `partial`: the octets are consumed, and more of the chunk of BDAT is to come.
 * - `end`: that chunk has ended; `next` is where commands go on.
 */
export type ChunkOutcome = "slice" | "partial" | "end";

export interface ChunkReaderOptions {
  /** As `DataReader` has it, and `keep` for BINARYMIME content: its octets are not looked at. */
  readonly bareNewlines: DataReaderOptions["bareNewlines"] | "keep";
}

const empty = new Uint8Array(0);
const lineFeed = Uint8Array.of(LF);
const noDot = -1;

/**
 * Reads content as slices of what was received, without copying. There are no dots to unstuff and no end to look for:
 * the octets are counted, also where they are refused, in which case the slices are for throwing away.
 *
 * Bare newlines are noticed as `DataReader` notices them, across the chunks of one content: a CRLF may be divided
 * between two. Where they are rejected, content behind the first of them is read and thrown away; where they are normalised, a
 * CR at the very end is completed, too.
 */
export class ChunkReader {
  readonly #policy: ChunkReaderOptions["bareNewlines"];
  #remaining = 0;
  #last = false;
  #afterCarriageReturn = false;
  #bareNewline = false;
  #slice: Uint8Array = empty;
  #next = 0;

  constructor(options: ChunkReaderOptions) {
    this.#policy = options.bareNewlines;
  }

  /** Content, after `slice`: a view of what was received, or of a copy; never empty. */
  get slice(): Uint8Array {
    return this.#slice;
  }

  /** Index after what the last `read` consumed. */
  get next(): number {
    return this.#next;
  }

  /** Octets of the chunk of BDAT that have not come yet. */
  get remaining(): number {
    return this.#remaining;
  }

  /** Whether a bare CR or LF has come in this content; a CR at its very end counts once the last chunk has ended. */
  get bareNewline(): boolean {
    return this.#bareNewline;
  }

  /** The next chunk begins new content: no newline of an earlier one is remembered. */
  reset(): void {
    this.#remaining = 0;
    this.#last = this.#afterCarriageReturn = this.#bareNewline = false;
    this.#slice = empty;
  }

  /**
   * A chunk of that many octets begins, 0 to 2^53 - 1; `last` where BDAT said LAST. Then call `read`, also for a
   * chunk of none, which ends at once. Throws `RangeError` for another number, and within a chunk.
   */
  begin(octets: number, last: boolean): void {
    if (!Number.isSafeInteger(octets) || octets < 0) throw new RangeError(`A chunk of ${octets} octets`);
    if (this.#remaining > 0) throw new RangeError(`A chunk begins, and ${this.#remaining} octets of one are to come`);
    this.#remaining = octets;
    this.#last = last;
  }

  /** Reads on from the index `from`, which is 0 for new octets and `next` for those that were read before. */
  read(octets: Uint8Array, from: number): ChunkOutcome {
    this.#slice = empty;
    const end = Math.min(octets.length, from + this.#remaining);
    this.#next = end;
    this.#remaining -= end - from;
    const slice = this.#given(octets.subarray(from, end));
    if (slice.length > 0) return this.#found(slice);
    if (this.#remaining > 0) return "partial";
    return this.#last && this.#afterCarriageReturn ? this.#endAfterCarriageReturn() : "end";
  }

  #found(slice: Uint8Array): "slice" {
    this.#slice = slice;
    return "slice";
  }

  /** Nothing follows a CR that was not bare so far. */
  #endAfterCarriageReturn(): ChunkOutcome {
    this.#bareNewline = true;
    this.#afterCarriageReturn = false;
    return this.#policy === "normalise" ? this.#found(lineFeed) : "end";
  }

  /** What is given of these octets. */
  #given(octets: Uint8Array): Uint8Array {
    switch (this.#policy) {
      case "keep":
        return octets;
      case "normalise":
        return this.#normalised(octets);
      case "reject":
        return this.#bareNewline ? empty : this.#upToBareNewline(octets);
    }
  }

  #upToBareNewline(octets: Uint8Array): Uint8Array {
    const end = this.#scan(octets);
    return end < 0 ? octets : octets.subarray(0, end);
  }

  #normalised(octets: Uint8Array): Uint8Array {
    const afterCarriageReturn = this.#afterCarriageReturn;
    if (!this.#bareNewline) this.#scan(octets);
    if (!this.#bareNewline || octets.length === 0) return octets;
    this.#afterCarriageReturn = octets.at(-1) === CR;
    return normalised(octets, afterCarriageReturn);
  }

  /** Index after the first bare newline, or -1. Sets the flag and remembers a CR at the end. */
  #scan(octets: Uint8Array): number {
    if (octets.length === 0) return -1;
    const isPending = this.#afterCarriageReturn;
    this.#afterCarriageReturn = false;
    if (isPending && octets[0] !== LF) return this.#foundBare(0);
    const end = textEnd(octets, isPending ? 1 : 0, noDot);
    if (end === octets.length) return -1;
    this.#afterCarriageReturn = octets[end] === CR && end + 1 === octets.length;
    return this.#afterCarriageReturn ? -1 : this.#foundBare(end + 1);
  }

  #foundBare(end: number): number {
    this.#bareNewline = true;
    return end;
  }
}
