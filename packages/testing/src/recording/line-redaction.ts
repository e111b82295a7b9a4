// Takes what AUTH says, and content where that is wished, out of the octets of a dialogue, however they are cut. It follows
// the dialogue just as far as that takes: lines, chunks of BDAT, and content that its owner tells it of.

import { blankBase64, blankContent, blankUrl, isBase64 } from "./blank.ts";
import { latin1, octetsOf } from "./json.ts";
import { joinedOctets } from "./octets.ts";

const lineFeed = 0x0a;
/** Characters of a line that are kept to know it by. */
const known = 64;

/** What a client says. */
export class ClientStream {
  readonly #hidesContent: boolean;
  /** The beginning of the line that is under way. */
  #line = "";
  /** Octets of a chunk that are yet to come. */
  #chunk = 0;
  #inContent = false;
  /** Whether the last line of content ended with CRLF. */
  #atLineStart = true;
  /** The last two characters. */
  #tail = "";
  /** DATA was the last line. */
  #contentDue = false;
  /** AUTH has been said: lines that may be meant as responses are secret. */
  #exposed = false;

  constructor(hidesContent: boolean) {
    this.#hidesContent = hidesContent;
  }

  /** What is said next is content, up to its end, if DATA was said before. */
  startContent(): void {
    if (this.#inContent || !this.#contentDue) return;
    this.#inContent = this.#atLineStart = true;
    this.#contentDue = false;
    this.#line = "";
  }

  /** Whether what is said next may be a response to a challenge. */
  set authenticating(yes: boolean) {
    this.#exposed = yes;
  }

  /** TLS has begun: a new session. */
  startOver(): void {
    this.#line = "";
    this.#chunk = 0;
    this.#inContent = this.#exposed = this.#contentDue = false;
  }

  /** A copy of the octets without secrets. */
  pass(octets: Uint8Array): Uint8Array {
    const passed: Uint8Array[] = [];
    for (let at = 0; at < octets.length;) {
      const piece = this.#piece(octets.subarray(at));
      at += piece.length;
      passed.push(this.#passed(piece));
      // Sent ahead of the 354: rather too much is hidden than too little.
      if (this.#contentDue && this.#hidesContent && at < octets.length) this.startContent();
    }
    return joinedOctets(passed);
  }

  /** Up to the end of the chunk, or of the line. */
  #piece(octets: Uint8Array): Uint8Array {
    if (this.#chunk > 0) return octets.subarray(0, this.#chunk);
    const end = octets.indexOf(lineFeed);
    return end < 0 ? octets : octets.subarray(0, end + 1);
  }

  #passed(piece: Uint8Array): Uint8Array {
    if (this.#chunk > 0) {
      this.#chunk -= piece.length;
      return this.#content(piece);
    }
    const before = this.#line.length;
    const isEnd = piece.at(-1) === lineFeed;
    this.#line = (this.#line + latin1(piece.subarray(0, known))).slice(0, known);
    this.#tail = (this.#tail + latin1(piece.subarray(-2))).slice(-2);
    const passed = this.#inContent ? this.#content(piece) : this.#command(piece, before);
    if (isEnd) this.#lineEnded();
    return passed;
  }

  #content(piece: Uint8Array): Uint8Array {
    return this.#hidesContent ? blankContent(piece) : piece;
  }

  #command(piece: Uint8Array, before: number): Uint8Array {
    const line = this.#line.toUpperCase();
    if (line.startsWith("AUTH ")) return this.#withoutResponse(piece, before);
    if (line.startsWith("BURL ") && before === 0) return octetsOf(blankUrl(latin1(piece)));
    return this.#exposed && isResponse(piece) ? blankBase64(piece) : piece;
  }

  /** What follows the mechanism's name. */
  #withoutResponse(piece: Uint8Array, before: number): Uint8Array {
    const space = this.#line.indexOf(" ", "AUTH ".length);
    if (space < 0) return piece;
    const from = Math.max(0, space + 1 - before);
    return joinedOctets([piece.subarray(0, from), blankBase64(piece.subarray(from))]);
  }

  #lineEnded(): void {
    const line = this.#line;
    this.#line = "";
    if (this.#inContent) return this.#contentLineEnded(line);
    const [verb = "", size = ""] = line
      .trim()
      .toUpperCase()
      .split(" ")
      .filter((word) => word !== "");
    this.#contentDue = verb === "DATA";
    if (verb === "AUTH") this.#exposed = true;
    if (verb === "BDAT") this.#chunk = Number.parseInt(size, 10) || 0;
  }

  #contentLineEnded(line: string): void {
    if (this.#atLineStart && line === ".\r\n") this.#inContent = false;
    this.#atLineStart = this.#tail === "\r\n";
  }
}

/** What a server says: the challenges of an exchange tell those who know a nonce whether a password is the right one. */
export class ServerStream {
  #line = "";

  pass(octets: Uint8Array): Uint8Array {
    const passed: Uint8Array[] = [];
    for (let at = 0; at < octets.length;) {
      const end = octets.indexOf(lineFeed, at);
      const piece = octets.subarray(at, end < 0 ? octets.length : end + 1);
      at += piece.length;
      passed.push(this.#passed(piece));
      if (end >= 0) this.#line = "";
    }
    return joinedOctets(passed);
  }

  #passed(piece: Uint8Array): Uint8Array {
    const before = this.#line.length;
    this.#line = (this.#line + latin1(piece.subarray(0, 4))).slice(0, 4);
    if (!"334 ".startsWith(this.#line.slice(0, 4)) || this.#line.length < 4) return piece;
    const from = Math.max(0, 4 - before);
    return joinedOctets([piece.subarray(0, from), blankBase64(piece.subarray(from))]);
  }
}

/** Whether there is nothing but base64 in it, as in a line of an exchange. */
function isResponse(piece: Uint8Array): boolean {
  return piece.every((octet) => isBase64(octet) || octet === 0x3d || octet === 0x0d || octet === lineFeed);
}
