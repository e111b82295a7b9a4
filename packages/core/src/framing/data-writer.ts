// Content on its way to the wire: dots are stuffed, lines end in CRLF, and CRLF.CRLF ends the whole (RFC 5321 §4.5.2).

import { mostCopied } from "./assembly.ts";
import { stuffed } from "./stuffing.ts";
import { textEnd } from "./text-end.ts";

// Not imported: V8 looks an imported constant up anew at every octet, which makes the loops here two times as slow.
const CR = 0x0d;
const LF = 0x0a;
const DOT = 0x2e;

export interface DataWriterOptions {
  /**
   * CR without LF, or LF without CR, which must not be sent (RFC 5321 §2.3.8). `normalise`: each becomes CRLF.
   * `reject`: nothing is written any more from the chunk on that has one, and the content cannot be ended. `pass`:
   * they are sent as they are, for tests of others.
   */
  readonly bareNewlines: "normalise" | "reject" | "pass";
  /** `false`: dots are left alone, and nothing but the end of the last line is written at the end, as BDAT has it. Default: `true`. */
  readonly transparency?: boolean;
}

const nothing = new Uint8Array(0);
const carriageReturn = Uint8Array.of(CR);
const lineEnd = Uint8Array.of(CR, LF);
const finalLine = Uint8Array.of(DOT, CR, LF);
const lineEndAndEnd = Uint8Array.of(CR, LF, DOT, CR, LF);
const carriageReturnAndEnd = Uint8Array.of(CR, CR, LF, DOT, CR, LF);

/** Where the next octet stands. A CR at the end of a chunk is held back until it is known whether it is bare. */
type Place = "lineStart" | "inLine" | "afterCarriageReturn";

/**
 * Writes one content. Chunks of canonical text come out as slices of themselves; only text with bare newlines, or with
 * leading dots close to each other, is copied. Under `reject` look at `bareNewline` after each `write` and after
 * `end`: once it is true, the connection must be closed, since the server waits for an end that would make half a
 * message a whole one.
 */
export class DataWriter {
  readonly #bareNewlines: DataWriterOptions["bareNewlines"];
  /** The octet that comes twice at the beginning of a line; -1: none does. */
  readonly #dot: number;
  #place: Place = "lineStart";
  #bareNewline = false;

  constructor(options: DataWriterOptions) {
    this.#bareNewlines = options.bareNewlines;
    this.#dot = options.transparency === false ? -1 : DOT;
  }

  /** Whether a bare CR or LF has come in this content. */
  get bareNewline(): boolean {
    return this.#bareNewline;
  }

  /** What is to be sent for this chunk, in order: views of the chunk, constants, or a rewritten copy. None is empty. */
  write(octets: Uint8Array): readonly Uint8Array[] {
    if (octets.length === 0) return [];
    return (this.#bareNewline ? undefined : this.#stuffed(octets)) ?? this.#rewritten(octets);
  }

  /** The whole content, which `measureContent` has found plain: it is to be sent as it is. Then call `end`. */
  writePlain(octets: Uint8Array): void {
    if (octets.length > 0) this.#place = octets[octets.length - 1] === LF ? "lineStart" : "inLine";
  }

  /**
   * What ends the content, a CRLF before the dot where the last line lacks one. Nothing under `reject` once a newline
   * was bare.
   */
  end(): Uint8Array {
    if (this.#place === "afterCarriageReturn") this.#bareNewline = true;
    if (this.#bareNewline && this.#bareNewlines === "reject") return nothing;
    if (this.#dot < 0) return this.#place === "lineStart" ? nothing : lineEnd;
    if (this.#place === "lineStart") return finalLine;
    return this.#place === "afterCarriageReturn" && this.#bareNewlines === "pass"
      ? carriageReturnAndEnd
      : lineEndAndEnd;
  }

  /** Slices in which each leading dot stands twice, or `undefined`, and the place unchanged, where it is better copied. */
  #stuffed(octets: Uint8Array): Uint8Array[] | undefined {
    const parts = new Parts(octets);
    const dot = this.#dot;
    let at = 0;
    let isLineStart = this.#place === "lineStart";
    if (this.#place === "afterCarriageReturn") {
      if (octets[0] !== LF) return undefined;
      parts.insert(lineEnd, 0, 1);
      isLineStart = octets.length > 1;
      at = 1;
    }
    if (isLineStart && octets[at] === dot) parts.repeat(at);
    for (;;) {
      at = textEnd(octets, at, dot);
      if (at === octets.length) break;
      if (octets[at] !== dot) return this.#heldBack(octets, at, parts);
      parts.repeat(at);
      if (parts.areShort(at)) return undefined;
    }
    this.#place = octets[at - 1] === LF ? "lineStart" : "inLine";
    return parts.upTo(at);
  }

  #heldBack(octets: Uint8Array, newline: number, parts: Parts): Uint8Array[] | undefined {
    if (octets[newline] === LF || newline + 1 < octets.length) {
      this.#bareNewline = true;
      return undefined;
    }
    this.#place = "afterCarriageReturn";
    return parts.upTo(newline);
  }

  #rewritten(octets: Uint8Array): Uint8Array[] {
    const place = this.#place;
    const copies = this.#mayCopy() ? this.#copied(octets) : [];
    if (this.#mayCopy()) return copies;
    this.#place = place;
    return this.#bareNewlines === "pass" ? this.#passed(octets) : [];
  }

  /** Copies are normalised. */
  #mayCopy(): boolean {
    return this.#bareNewlines === "normalise" || !this.#bareNewline;
  }

  /** The chunk as it is, dots stuffed where the server will unstuff them: behind CRLF alone. */
  #passed(octets: Uint8Array): Uint8Array[] {
    const parts = new Parts(octets);
    if (this.#place === "afterCarriageReturn") parts.insert(carriageReturn, 0, 0);
    let at = 0;
    for (;;) {
      if (this.#place === "lineStart" && octets[at] === this.#dot) parts.repeat(at);
      const lineFeed = octets.indexOf(LF, at);
      if (lineFeed < 0) break;
      const isLineEnd = lineFeed > at ? octets[lineFeed - 1] === CR : this.#place === "afterCarriageReturn";
      this.#place = isLineEnd ? "lineStart" : "inLine";
      at = lineFeed + 1;
    }
    if (at === octets.length) return parts.upTo(at);
    const isHeldBack = octets.at(-1) === CR;
    this.#place = isHeldBack ? "afterCarriageReturn" : "inLine";
    return parts.upTo(isHeldBack ? octets.length - 1 : octets.length);
  }

  /** The chunk with CRLF for every newline, in few pieces: slices would be two a line for text in the style of Unix. */
  #copied(octets: Uint8Array): Uint8Array[] {
    const parts: Uint8Array[] = [];
    for (let at = 0; at < octets.length; at += mostCopied) {
      const end = Math.min(octets.length, at + mostCopied);
      const { copy, bareNewline } = stuffed(octets.subarray(at, end), this.#before(), this.#dot);
      if (bareNewline) this.#bareNewline = true;
      if (copy.length > 0) parts.push(copy);
      const last = octets[end - 1];
      this.#place = last === LF ? "lineStart" : last === CR ? "afterCarriageReturn" : "inLine";
    }
    return parts;
  }

  /** The octet before the next one where that is a newline. */
  #before(): number {
    return this.#place === "lineStart" ? LF : this.#place === "afterCarriageReturn" ? CR : -1;
  }
}

/** Slices of a chunk in the making. */
class Parts {
  readonly #octets: Uint8Array;
  readonly #parts: Uint8Array[] = [];
  #from = 0;

  constructor(octets: Uint8Array) {
    this.#octets = octets;
  }

  /** Puts something else in the place of what stands between two indexes. */
  insert(part: Uint8Array, at: number, next: number): void {
    this.upTo(at);
    this.#parts.push(part);
    this.#from = next;
  }

  /** Whether those up to the index are so many that a copy would have cost less. */
  areShort(at: number): boolean {
    const short = 256;
    const few = 8;
    return this.#parts.length > few + at / short;
  }

  /** Makes the octet at an index come twice. */
  repeat(at: number): void {
    this.upTo(at + 1);
    this.#from = at;
  }

  upTo(at: number): Uint8Array[] {
    if (at > this.#from) this.#parts.push(this.#octets.subarray(this.#from, at));
    return this.#parts;
  }
}
