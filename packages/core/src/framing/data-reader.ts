// Content after 354 out of a stream of octets: dots are unstuffed, and CRLF.CRLF alone ends it (RFC 5321 §4.5.2).

import { CR, DOT, LF } from "../grammar/abnf.ts";
import { findNewline } from "./newline.ts";
import { normalised } from "./normalised.ts";

/**
 * What `DataReader.read` came upon:
 * - `slice`: content, in `slice`. There may be more in the chunk.
 * - `partial`: the chunk is consumed, and the content has not ended.
 * - `end`: the content has ended; `next` is where commands go on.
 */
export type DataOutcome = "slice" | "partial" | "end";

export interface DataReaderOptions {
  /**
   * CR without LF, or LF without CR. `reject`: content behind the first of them is read to its end and thrown away, since
   * the message is going to be refused. `normalise`: CRLF is given in their place. Neither way do they end a line as far as
   * dots are concerned, or the content.
   */
  readonly bareNewlines: "reject" | "normalise";
}

const empty = new Uint8Array(0);
const carriageReturn = Uint8Array.of(CR);
const wholeNewline = Uint8Array.of(CR, LF);

/** Where the next octet stands: what decides whether a dot or an LF there is more than itself. */
type Place = "lineStart" | "afterDot" | "afterDotCarriageReturn" | "inLine" | "afterCarriageReturn";

/**
 * Reads content as slices of its chunks, without copying and without holding anything back but a CR behind a leading
 * dot; only where newlines are normalised, content with a bare one is copied. Any division into chunks gives the same content, the same end and the same flag.
 */
export class DataReader {
  readonly #rejects: boolean;
  #place: Place = "lineStart";
  #bareNewline = false;
  #slice: Uint8Array = empty;
  #next = 0;

  constructor(options: DataReaderOptions) {
    this.#rejects = options.bareNewlines === "reject";
  }

  /** Content, after `slice`: a view of the chunk, or of a copy; never empty. The CRLF before the final dot belongs to the content. */
  get slice(): Uint8Array {
    return this.#slice;
  }

  /** Index in the chunk after what the last `read` consumed. */
  get next(): number {
    return this.#next;
  }

  /** Whether a bare CR or LF has come in this content. */
  get bareNewline(): boolean {
    return this.#bareNewline;
  }

  /** The next octet begins new content. To be called between two contents. */
  reset(): void {
    this.#place = "lineStart";
    this.#bareNewline = false;
    this.#slice = empty;
  }

  /** Reads on in a chunk from the index `from`, which is 0 for a new chunk and `next` for one that was read before. */
  read(octets: Uint8Array, from: number): DataOutcome {
    this.#slice = empty;
    let at = from;
    while (at < octets.length) {
      const outcome = this.#step(octets, at);
      if (outcome !== "partial") return outcome;
      at = this.#next;
    }
    this.#next = octets.length;
    return "partial";
  }

  #step(octets: Uint8Array, at: number): DataOutcome {
    switch (this.#place) {
      case "lineStart":
        return octets[at] === DOT ? this.#move("afterDot", at + 1) : this.#readLines(octets, at);
      case "afterDot":
        return octets[at] === CR ? this.#move("afterDotCarriageReturn", at + 1) : this.#readLines(octets, at);
      case "afterDotCarriageReturn":
        return octets[at] === LF ? this.#ended(at + 1) : this.#readHeldBack(at);
      default:
        return this.#readLines(octets, at);
    }
  }

  #move(place: Place, next: number): "partial" {
    this.#place = place;
    this.#next = next;
    return "partial";
  }

  #ended(next: number): "end" {
    this.#move("lineStart", next);
    return "end";
  }

  /** The CR behind a leading dot did not end the content: it is a bare one, and content itself. */
  #readHeldBack(at: number): DataOutcome {
    this.#move("inLine", at);
    return this.#found(this.#rejects ? carriageReturn : wholeNewline, this.#noteBareNewline());
  }

  #readLines(octets: Uint8Array, at: number): DataOutcome {
    const wasBare = this.#bareNewline;
    const afterCarriageReturn = this.#place === "afterCarriageReturn";
    const end = this.#scanLines(octets, at);
    this.#next = end;
    const slice = octets.subarray(at, end);
    const normalises = this.#bareNewline && !this.#rejects;
    return this.#found(normalises ? normalised(slice, afterCarriageReturn) : slice, wasBare);
  }

  #found(slice: Uint8Array, wasBare: boolean): "slice" | "partial" {
    if (slice.length === 0 || (wasBare && this.#rejects)) return "partial";
    this.#slice = slice;
    return "slice";
  }

  /** Whether there had been one before. */
  #noteBareNewline(): boolean {
    const wasBare = this.#bareNewline;
    this.#bareNewline = true;
    return wasBare;
  }

  /** Index of the next leading dot, of the chunk's end, or after the first bare newline where that is rejected. */
  #scanLines(octets: Uint8Array, from: number): number {
    const wasBare = this.#bareNewline;
    let at = from;
    do {
      at = this.#bareNewline ? this.#scanLoosely(octets, at) : this.#scanStrictly(octets, at);
      if (this.#rejects && this.#bareNewline !== wasBare) return at;
    } while (at < octets.length && !(this.#place === "lineStart" && octets[at] === DOT));
    return at;
  }

  /** Index after the line's CRLF, after a bare newline, or of the chunk's end. Goes on as long as none was bare. */
  #scanStrictly(octets: Uint8Array, at: number): number {
    if (this.#place === "afterCarriageReturn") return this.#scanLineFeed(octets, at);
    const newline = findNewline(octets, at);
    if (newline < 0) return this.#stop("inLine", octets.length);
    if (octets[newline] === CR) {
      if (newline === octets.length - 1) return this.#stop("afterCarriageReturn", octets.length);
      if (octets[newline + 1] === LF) return this.#stop("lineStart", newline + 2);
    }
    this.#bareNewline = true;
    return this.#stop("inLine", newline + 1);
  }

  #scanLineFeed(octets: Uint8Array, at: number): number {
    if (octets[at] === LF) return this.#stop("lineStart", at + 1);
    this.#bareNewline = true;
    return this.#stop("inLine", at);
  }

  /** Index after the next LF, or of the chunk's end. One search a line, whatever its newlines are. */
  #scanLoosely(octets: Uint8Array, at: number): number {
    const lineFeed = octets.indexOf(LF, at);
    if (lineFeed < 0) return this.#stop(octets.at(-1) === CR ? "afterCarriageReturn" : "inLine", octets.length);
    const isLineEnd = lineFeed > at ? octets[lineFeed - 1] === CR : this.#place === "afterCarriageReturn";
    return this.#stop(isLineEnd ? "lineStart" : "inLine", lineFeed + 1);
  }

  #stop(place: Place, at: number): number {
    this.#place = place;
    return at;
  }
}
