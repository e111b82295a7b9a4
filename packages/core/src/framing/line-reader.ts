// Command and reply lines out of a stream of octets: only CRLF ends a line, and a line is held within a bound.

import { CR, LF } from "../grammar/abnf.ts";
import { findNewline } from "./newline.ts";

/**
 * What `LineReader.read` came upon:
 * - `line`: one line, in `line`.
 * - `partial`: the chunk is consumed, and no line has ended yet.
 * - `overlong`: a line ended that is longer than `limit`; only its beginning was kept, in `line`.
 * - `endless`: more than `endless` octets came without a line's end. Nothing more is read until `reset`: close.
 * - `bareLineFeed`, `bareCarriageReturn`: LF without a CR before it, CR without an LF after it. What is left of that
 *   line, up to its CRLF, will be skipped, so that nothing smuggled behind it is read as a line of its own: answer it
 *   or close.
 */
export type LineOutcome = "line" | "partial" | "overlong" | "endless" | "bareLineFeed" | "bareCarriageReturn";

export interface LineReaderOptions {
  /** Longest line in octets, CRLF included. */
  readonly limit: number;
  /** Octets after which a line without an end ends everything; at least `limit`. */
  readonly endless: number;
}

const empty = new Uint8Array(0);
const smallestBuffer = 256;

/**
 * Reads one line a call, whatever the chunks. A line that is whole in its chunk is not copied; otherwise its
 * beginning is held, at most `limit` octets of it. The work done is in proportion to the octets consumed.
 */
export class LineReader {
  /** Longest line in octets, CRLF included. May be set between two lines, for example for a SASL response. */
  limit: number;
  readonly #endless: number;
  #source: Uint8Array = empty;
  #start = 0;
  #end = 0;
  #next = 0;
  /** The beginning of a line that did not end in its chunk, without a CR at its end. */
  #buffer: Uint8Array = empty;
  #stored = 0;
  /** Octets of the present line that were consumed, those not stored included. */
  #length = 0;
  #afterCarriageReturn = false;
  #skipping = false;
  #dead = false;

  constructor(options: LineReaderOptions) {
    this.limit = options.limit;
    this.#endless = options.endless;
  }

  /**
   * The line without its CRLF, after `line`, or its beginning, after `overlong`: a view of the chunk or of the reader's own memory, good until the next
   * `read`. It is made anew each time: where it suffices, look at `source` from `start` to `end`.
   */
  get line(): Uint8Array {
    return this.#source.subarray(this.#start, this.#end);
  }

  /** Where the line is: the chunk, or the reader's own memory. */
  get source(): Uint8Array {
    return this.#source;
  }

  /** Index in `source` of the line's first octet. */
  get start(): number {
    return this.#start;
  }

  /** Index in `source` after the line's last octet. */
  get end(): number {
    return this.#end;
  }

  /** Index in the chunk after what the last `read` consumed. */
  get next(): number {
    return this.#next;
  }

  /** Octets held of a line that has not ended yet. */
  get held(): number {
    return this.#stored + (this.#afterCarriageReturn ? 1 : 0);
  }

  /** Forgets what was held and skipped: the next octet begins a line. */
  reset(): void {
    this.#startLine();
    this.#dead = false;
    this.#buffer = empty;
    this.#keep(empty, 0, 0);
  }

  /** Lets go of the chunk that the line is in: `line`, `source`, `start` and `end` say nothing any more. */
  forget(): void {
    this.#keep(empty, 0, 0);
  }

  /** Reads on in a chunk from the index `from`, which is 0 for a new chunk and `next` for one that was read before. */
  read(octets: Uint8Array, from: number): LineOutcome {
    this.#keep(empty, 0, 0);
    const outcome = this.#dead ? "endless" : this.#readLine(octets, from);
    if (outcome === "endless") {
      this.#startLine();
      this.#dead = true;
      this.#next = octets.length;
    }
    return outcome;
  }

  #readLine(octets: Uint8Array, from: number): LineOutcome {
    if (!this.#skipping) return this.#readUnbroken(octets, from);
    const end = this.#endOfSkipped(octets, from);
    if (!this.#advance(from, end < 0 ? octets.length : end)) return "endless";
    if (end < 0) return "partial";
    this.#startLine();
    return this.#readUnbroken(octets, end);
  }

  #readUnbroken(octets: Uint8Array, at: number): LineOutcome {
    if (this.#afterCarriageReturn && at < octets.length) {
      return octets[at] === LF
        ? this.#lineEnded(octets, at, at, at + 1)
        : this.#lineBroken(at, at, "bareCarriageReturn");
    }
    const newline = findNewline(octets, at);
    if (octets[newline] === LF) return this.#lineBroken(at, newline + 1, "bareLineFeed");
    if (newline < 0 || newline === octets.length - 1) return this.#lineBegun(octets, at, newline);
    if (octets[newline + 1] === LF) return this.#lineEnded(octets, at, newline, newline + 2);
    return this.#lineBroken(at, newline + 1, "bareCarriageReturn");
  }

  /** The line is in the chunk from `at` to `textEnd`, and in the buffer what came before; its CRLF ends at `end`. */
  #lineEnded(octets: Uint8Array, at: number, textEnd: number, end: number): LineOutcome {
    const isWhole = this.#length === 0;
    if (!this.#advance(at, end)) return "endless";
    if (!isWhole) this.#store(octets, at, textEnd);
    const textLength = this.#length - 2;
    const stored = isWhole ? textLength : this.#stored;
    this.#startLine();
    const kept = Math.min(stored, Math.max(0, this.limit - 2));
    if (isWhole) this.#keep(octets, at, at + kept);
    else this.#keep(this.#buffer, 0, kept);
    return kept < textLength ? "overlong" : "line";
  }

  #keep(source: Uint8Array, start: number, end: number): void {
    this.#source = source;
    this.#start = start;
    this.#end = end;
  }

  /** The chunk is at its end before the line is; a CR that may begin the line's end is remembered apart. */
  #lineBegun(octets: Uint8Array, at: number, carriageReturn: number): LineOutcome {
    if (!this.#advance(at, octets.length)) return "endless";
    this.#store(octets, at, carriageReturn < 0 ? octets.length : carriageReturn);
    this.#afterCarriageReturn ||= carriageReturn >= 0;
    return "partial";
  }

  #lineBroken(at: number, end: number, outcome: "bareLineFeed" | "bareCarriageReturn"): LineOutcome {
    if (!this.#advance(at, end)) return "endless";
    this.#stored = 0;
    this.#afterCarriageReturn = false;
    this.#skipping = true;
    return outcome;
  }

  /** Index after the CRLF that ends the line which is being skipped, or -1 where it is not in this chunk. */
  #endOfSkipped(octets: Uint8Array, from: number): number {
    if (this.#afterCarriageReturn && from < octets.length) {
      this.#afterCarriageReturn = false;
      if (octets[from] === LF) return from + 1;
    }
    let at = octets.indexOf(CR, from);
    while (at >= 0 && at < octets.length - 1 && octets[at + 1] !== LF) at = octets.indexOf(CR, at + 1);
    if (at < 0) return -1;
    this.#afterCarriageReturn = at === octets.length - 1;
    return this.#afterCarriageReturn ? -1 : at + 2;
  }

  /** Counts octets as consumed. False: the line has gone on for too long. */
  #advance(from: number, to: number): boolean {
    this.#length += to - from;
    this.#next = to;
    return this.#length <= Math.max(this.#endless, this.limit);
  }

  #store(octets: Uint8Array, at: number, end: number): void {
    const room = Math.max(0, this.limit - 2 - this.#stored);
    const part = octets.subarray(at, Math.min(end, at + room));
    const needed = this.#stored + part.length;
    if (needed > this.#buffer.length) this.#grow(needed);
    this.#buffer.set(part, this.#stored);
    this.#stored = needed;
  }

  #grow(needed: number): void {
    const doubled = Math.max(needed, Math.min(this.limit, Math.max(smallestBuffer, this.#buffer.length * 2)));
    const grown = new Uint8Array(doubled);
    grown.set(this.#buffer.subarray(0, this.#stored));
    this.#buffer = grown;
  }

  #startLine(): void {
    this.#stored = this.#length = 0;
    this.#afterCarriageReturn = this.#skipping = false;
  }
}
