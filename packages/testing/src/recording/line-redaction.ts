// Takes what AUTH says, and content where that is wished, out of the octets of a dialogue, however they are cut. It follows
// the dialogue just as far as that takes: lines, chunks of BDAT, and content that its owner tells it of.

import { blankBase64, blankContent, blankUrl, isBase64 } from "./blank.ts";
import { latin1, octetsOf } from "./json.ts";
import { joinedOctets } from "./octets.ts";

const lineFeed = 0x0a;
const none = new Uint8Array(0);
/** Characters of a line that are kept to know it by. */
const known = 64;
/** Octets of what may be a secret that wait for the end of their line; beyond, they are taken for one. */
const mostHeld = 12_288;
/** Commands that could as well be base64. */
const verbs: readonly string[] = ["DATA", "EHLO", "HELO", "LHLO", "HELP", "NOOP", "QUIT", "RSET", "STARTTLS"];

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
  /** AUTH has been said, and no other command since: lines that may be meant as responses are secret. */
  #exposed = false;
  /** The next line answers a challenge. */
  #answering = false;
  /** The beginning of a line of which nobody can know yet whether it is a secret. */
  #held = none;

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

  /** The next line is the answer to a challenge, whatever it says. */
  answerChallenge(): void {
    this.#answering = true;
  }

  /** TLS has begun: a new session. */
  startOver(): void {
    this.#line = "";
    this.#chunk = 0;
    this.#inContent = this.#exposed = this.#answering = this.#contentDue = false;
    this.#held = none;
  }

  /** A copy of the octets without secrets; what may be the beginning of one comes with the octets that follow. */
  pass(given: Uint8Array): Uint8Array {
    const octets = joinedOctets([this.#held, given]);
    this.#held = none;
    const passed: Uint8Array[] = [];
    for (let at = 0; at < octets.length;) {
      const piece = this.#piece(octets.subarray(at));
      at += piece.length;
      if (this.#mayBeSecret(piece)) this.#held = piece.slice();
      else passed.push(this.#passed(piece));
      // Sent ahead of the 354: rather too much is hidden than too little.
      if (this.#contentDue && this.#hidesContent && at < octets.length) this.startContent();
    }
    return joinedOctets(passed);
  }

  #mayBeSecret(piece: Uint8Array): boolean {
    if (this.#chunk > 0 || this.#inContent || this.#answering || this.#line !== "") return false;
    return this.#exposed && piece.length < mostHeld && piece.at(-1) !== lineFeed && isResponse(piece);
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
    if (this.#answering) return blankBase64(piece);
    const from = secretStart(this.#line);
    if (from !== undefined) return withoutEnd(piece, Math.max(0, from - before));
    if (this.#line.toUpperCase().startsWith("BURL ") && before === 0) return octetsOf(blankUrl(latin1(piece)));
    const isSecret = this.#exposed && before === 0 && isResponse(piece);
    return isSecret && !verbs.includes(latin1(piece).trim().toUpperCase()) ? blankBase64(piece) : piece;
  }

  #lineEnded(): void {
    const line = this.#line;
    this.#line = "";
    if (this.#inContent) return this.#contentLineEnded(line);
    if (this.#answering) return void (this.#answering = false);
    const [verb = "", size = ""] = wordsOf(line).map((word) => word.text.toUpperCase());
    this.#contentDue = verb === "DATA";
    const isCommand = size !== "" || verbs.includes(verb);
    this.#exposed = secretIn(line) !== undefined || (this.#exposed && !isCommand);
    if (verb === "BDAT") this.#chunk = Number.parseInt(size, 10) || 0;
  }

  #contentLineEnded(line: string): void {
    if (this.#atLineStart && line === ".\r\n") this.#inContent = false;
    this.#atLineStart = this.#tail === "\r\n";
  }
}

interface Word {
  readonly text: string;
  /** Where it begins. */
  readonly at: number;
}

/** Words between white space of any kind. */
function wordsOf(line: string): readonly Word[] {
  const words: Word[] = [];
  let text = "";
  for (const [at, character] of Array.from(`${line} `).entries()) {
    if (character > " ") text += character;
    else if (text !== "") words.push({ text, at: at - text.length });
    if (character <= " ") text = "";
  }
  return words;
}

/** The word of a command that names AUTH, well formed or not, as a number; `undefined` for other commands. */
function secretIn(line: string): number | undefined {
  const words = wordsOf(line).map(({ text }) => text.toUpperCase());
  const index = words.slice(0, 2).findIndex((word) => word.includes("AUTH"));
  // "MAIL FROM:<…> AUTH=<…>" and "EHLO auth.example" tell no secret.
  if (index < 0 || (index > 0 && ["MAIL", "RCPT", ...verbs].includes(words[0] ?? ""))) return undefined;
  return index;
}

/** Where what follows the mechanism's name begins. */
function secretStart(line: string): number | undefined {
  const index = secretIn(line);
  if (index === undefined) return undefined;
  const words = wordsOf(line);
  return words[words[index]?.text.length === 4 ? index + 2 : index + 1]?.at ?? Infinity;
}

function withoutEnd(piece: Uint8Array, from: number): Uint8Array {
  const at = Math.min(from, piece.length);
  return joinedOctets([piece.subarray(0, at), blankBase64(piece.subarray(at))]);
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
    return withoutEnd(piece, from);
  }
}

/** Whether there is nothing but base64 in it, as in a line of an exchange. */
function isResponse(piece: Uint8Array): boolean {
  return piece.every((octet) => isBase64(octet) || octet === 0x3d || octet === 0x0d || octet === lineFeed);
}
