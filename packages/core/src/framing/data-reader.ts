// Content after 354 out of a stream of octets: dots are unstuffed, and CRLF.CRLF alone ends it (RFC 5321 §4.5.2).

import { contentEnd } from "./content-end.ts";
import { textEnd } from "./text-end.ts";
import { isStuffed, unstuffed } from "./unstuffing.ts";

// Not imported: V8 looks an imported constant up anew at every octet, which makes the loops here two times as slow.
const CR = 0x0d;
const LF = 0x0a;
const DOT = 0x2e;

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
const lineFeed = Uint8Array.of(LF);
const wholeNewline = Uint8Array.of(CR, LF);

/** Where the next octet stands: what decides whether a dot or an LF there is more than itself. */
type Place = "lineStart" | "afterDot" | "afterDotCarriageReturn" | "inLine" | "afterCarriageReturn";

/** Octets of a slice that costs more to be handed on than to be copied. */
const shortSlice = 256;
/** So many short slices are handed on before the content is taken for one that has dots everywhere. */
const shortSlices = 8;

/**
 * Reads content as slices of its chunks, holding nothing back but a CR behind a leading dot. What is copied is content
 * with leading dots close to each other, so that they do not make a slice each, and, where newlines are normalised,
 * content with a bare one. Any division into chunks gives the same content, the same end and the same flag.
 */
export class DataReader {
  readonly #rejects: boolean;
  #place: Place = "lineStart";
  #bareNewline = false;
  #shortSlices = 0;
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
    this.#shortSlices = 0;
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

  /** What comes now is for nobody. */
  #throwsAway(): boolean {
    return this.#rejects && this.#bareNewline;
  }

  #step(octets: Uint8Array, at: number): DataOutcome {
    switch (this.#place) {
      case "lineStart":
        return octets[at] === DOT ? this.#move("afterDot", at + 1) : this.#readText(octets, at);
      case "afterDot":
        return octets[at] === CR ? this.#move("afterDotCarriageReturn", at + 1) : this.#readText(octets, at);
      case "afterDotCarriageReturn":
        return octets[at] === LF ? this.#ended(at + 1) : this.#readHeldBack(at);
      case "inLine":
        return this.#readText(octets, at);
      case "afterCarriageReturn":
        return this.#readLineFeed(octets, at);
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
    return this.#foundBare(this.#rejects ? carriageReturn : wholeNewline);
  }

  /** The CR at the end of what was read before is content already. */
  #readLineFeed(octets: Uint8Array, at: number): DataOutcome {
    if (octets[at] === LF) return this.#handOn(octets, at, at + 1, "lineStart");
    this.#move("inLine", at);
    return this.#foundBare(this.#rejects ? empty : lineFeed);
  }

  #readText(octets: Uint8Array, at: number): DataOutcome {
    const end = textEnd(octets, at, DOT);
    if (end === octets.length) return this.#handOn(octets, at, end, placeBehind(octets, end));
    if (octets[end] === DOT) return this.#readUpToDot(octets, at, end);
    if (octets[end] === CR && end + 1 === octets.length) {
      return this.#handOn(octets, at, end + 1, "afterCarriageReturn");
    }
    return this.#readUpToBare(octets, at, end);
  }

  #readUpToDot(octets: Uint8Array, at: number, dot: number): DataOutcome {
    if (this.#throwsAway()) return this.#throwAway(octets, at);
    this.#shortSlices = dot - at < shortSlice ? this.#shortSlices + 1 : 0;
    const copies = this.#shortSlices > shortSlices && isStuffed(octets, dot);
    return copies ? this.#readCopying(octets, at) : this.#handOn(octets, at, dot, "lineStart");
  }

  #readUpToBare(octets: Uint8Array, at: number, bare: number): DataOutcome {
    if (this.#throwsAway()) return this.#throwAway(octets, at);
    if (this.#rejects) {
      this.#move("inLine", bare + 1);
      return this.#foundBare(octets.subarray(at, bare + 1));
    }
    if (bare - at < shortSlice) return this.#readCopying(octets, at);
    return this.#handOn(octets, at, bare, placeBehind(octets, bare));
  }

  #handOn(octets: Uint8Array, at: number, end: number, place: Place): "slice" | "partial" {
    this.#move(place, end);
    return this.#found(at === 0 && end === octets.length ? octets : octets.subarray(at, end));
  }

  /** `slice` ends with the bare newline. Nothing behind the first one is handed on where they are rejected. */
  #foundBare(slice: Uint8Array): "slice" | "partial" {
    const outcome = this.#found(slice);
    this.#bareNewline = true;
    return outcome;
  }

  #found(slice: Uint8Array): "slice" | "partial" {
    if (slice.length === 0 || this.#throwsAway()) return "partial";
    this.#slice = slice;
    return "slice";
  }

  /** Goes on, whatever comes but a dot that may be the final one, and the first bare newline where that is rejected. */
  #readCopying(octets: Uint8Array, from: number): "slice" | "partial" {
    const { copy, next, bareNewline } = unstuffed(octets, from, this.#rejects);
    this.#move(placeBehindCopied(octets, next), next);
    if (bareNewline) this.#bareNewline = true;
    return this.#found(copy);
  }

  #throwAway(octets: Uint8Array, at: number): DataOutcome {
    const end = contentEnd(octets, at);
    return end < 0 ? this.#move(placeBehindAll(octets), octets.length) : this.#ended(end);
  }
}

/** Behind text without bare newlines. */
function placeBehind(octets: Uint8Array, end: number): Place {
  return octets[end - 1] === LF ? "lineStart" : "inLine";
}

/** Behind a copy: a CR there is bare if it is not the last of all, and an LF if it has no CR. */
function placeBehindCopied(octets: Uint8Array, end: number): Place {
  if (octets[end - 1] === CR) return end === octets.length ? "afterCarriageReturn" : "inLine";
  return octets[end - 1] === LF && octets[end - 2] === CR ? "lineStart" : "inLine";
}

/** Behind content that ends with the chunk, whatever it is. */
function placeBehindAll(octets: Uint8Array): Place {
  const { length } = octets;
  if (isLeadingDot(octets, length - 1)) return "afterDot";
  return octets[length - 1] === CR && isLeadingDot(octets, length - 2)
    ? "afterDotCarriageReturn"
    : placeBehindCopied(octets, length);
}

function isLeadingDot(octets: Uint8Array, at: number): boolean {
  return octets[at] === DOT && octets[at - 1] === LF && octets[at - 2] === CR;
}
