// Character classes and the small productions that every other grammar file shares.
// A scanner takes octets, where to begin and where to stop, and returns the index after its production, or -1.

import { scanUtf8 } from "./text.ts";

export const HTAB = 0x09;
export const LF = 0x0a;
export const CR = 0x0d;
export const SP = 0x20;
export const DQUOTE = 0x22;
export const PLUS = 0x2b;
export const COMMA = 0x2c;
export const HYPHEN = 0x2d;
export const DOT = 0x2e;
export const ZERO = 0x30;
export const COLON = 0x3a;
export const LESS_THAN = 0x3c;
export const EQUALS = 0x3d;
export const GREATER_THAN = 0x3e;
export const AT = 0x40;
export const LEFT_BRACKET = 0x5b;
export const BACKSLASH = 0x5c;
export const RIGHT_BRACKET = 0x5d;
export const UNDERSCORE = 0x5f;

// Classes are bits, so that one table answers for all and `ALPHA | DIGIT` is a class as well.
export const ALPHA = 1 << 0;
export const DIGIT = 1 << 1;
/** HEXDIG beyond the digits, in either case. */
export const HEX_LETTER = 1 << 2;
/** atext = ALPHA / DIGIT / one of "!#$%&'*+-/=?^_`{|}~" (RFC 5322 §3.2.3) */
export const ATEXT = 1 << 3;
/** qtextSMTP = %d32-33 / %d35-91 / %d93-126 (RFC 5321 §4.1.2) */
export const QTEXT = 1 << 4;
/** %d32-126: what may follow the backslash of a quoted-pairSMTP, and what may stand in a reply or an argument. */
export const PRINTABLE = 1 << 5;
/** dcontent = %d33-90 / %d94-126 (RFC 5321 §4.1.3) */
export const DCONTENT = 1 << 6;
/** esmtp-value = 1*(%d33-60 / %d62-126) (RFC 5321 §4.1.2) */
export const VALUE = 1 << 7;
/** A character of base64, its padding included (RFC 4648 §4). */
export const BASE64 = 1 << 8;
/** %d0-31 / %d127 */
export const CONTROL = 1 << 9;
export const ANY_BUT_CONTROL = 1 << 11;
/** What a domain that is ASCII in lower case is made of. */
export const LOWER = 1 << 10;

/** One octet each, to be had in a class with others. */
const HYPHENS = 1 << 12;
const UNDERSCORES = 1 << 13;

export const LET_DIG = ALPHA | DIGIT;
/** What a label is made of (let-dig-hyp, RFC 1035 §2.3.1), and what the names of machines are. */
export const LET_DIG_HYP = LET_DIG | HYPHENS;
export const LET_DIG_HYP_UNDERSCORE = LET_DIG_HYP | UNDERSCORES;
export const HEXDIG = DIGIT | HEX_LETTER;

const classes = characterClasses();

function characterClasses(): Uint16Array {
  const table = new Uint16Array(256);
  mark(table, ALPHA | ATEXT | BASE64, 0x41, 0x5a);
  mark(table, ALPHA | ATEXT | BASE64, 0x61, 0x7a);
  mark(table, DIGIT | ATEXT | BASE64, 0x30, 0x39);
  mark(table, HEX_LETTER, 0x41, 0x46);
  mark(table, HEX_LETTER, 0x61, 0x66);
  for (const char of "!#$%&'*+-/=?^_`{|}~") mark(table, ATEXT, char.charCodeAt(0));
  for (const char of "+/=") mark(table, BASE64, char.charCodeAt(0));
  mark(table, QTEXT, 32, 33);
  mark(table, QTEXT, 35, 91);
  mark(table, QTEXT, 93, 126);
  mark(table, PRINTABLE, 32, 126);
  mark(table, DCONTENT, 33, 90);
  mark(table, DCONTENT, 94, 126);
  mark(table, VALUE, 33, 60);
  mark(table, VALUE, 62, 126);
  mark(table, LOWER, 0x61, 0x7a);
  mark(table, LOWER, 0x30, 0x39);
  for (const char of "-.") mark(table, LOWER, char.charCodeAt(0));
  mark(table, HYPHENS, HYPHEN);
  mark(table, UNDERSCORES, UNDERSCORE);
  mark(table, CONTROL, 0, 31);
  mark(table, CONTROL, 127);
  mark(table, ANY_BUT_CONTROL, 32, 126);
  mark(table, ANY_BUT_CONTROL, 128, 255);
  return table;
}

function mark(table: Uint16Array, mask: number, first: number, last = first): void {
  for (let octet = first; octet <= last; octet++) table[octet] = (table[octet] ?? 0) | mask;
}

/** Whether the octet is in one of the classes of the mask. */
export function isIn(octet: number, mask: number): boolean {
  return octet >= 0 && ((classes[octet] ?? 0) & mask) !== 0;
}

/** The octet at an index, or -1 from `end` on: -1 is in no class and equals no octet. */
export function octetAt(octets: Uint8Array, at: number, end: number): number {
  return at < end ? (octets[at] ?? -1) : -1;
}

/** Index after as many octets of the classes as there are, none included. */
export function scanWhile(octets: Uint8Array, at: number, end: number, mask: number): number {
  let index = at;
  while (index < end && ((classes[octets[index] ?? 0] ?? 0) & mask) !== 0) index += 1;
  return index;
}

/** Index after as many spaces as there are, none included. */
export function scanSpaces(octets: Uint8Array, at: number, end: number): number {
  let index = at;
  while (octetAt(octets, index, end) === SP) index += 1;
  return index;
}

/**
 * As `scanWhile`, and characters beyond ASCII count as being in the class, as RFC 6531 §3.3 extends atext,
 * qtextSMTP, sub-domain and esmtp-value. -1 where the octets are not UTF-8, or are a control character (U+0080 to
 * U+009F), which no address has and a terminal obeys.
 */
export function scanWhileOrUtf8(octets: Uint8Array, at: number, end: number, mask: number): number {
  let index = scanWhile(octets, at, end, mask);
  while (octetAt(octets, index, end) >= 0x80) {
    if (octets[index] === 0xc2 && (octets[index + 1] ?? 0) < 0xa0) return -1;
    index = scanUtf8(octets, index, end);
    if (index < 0) return -1;
    index = scanWhile(octets, index, end, mask);
  }
  return index;
}

/** Whether any of the octets is beyond ASCII. */
export function hasNonAscii(octets: Uint8Array, at: number, end: number): boolean {
  for (let index = at; index < end; index++) {
    if ((octets[index] ?? 0) >= 0x80) return true;
  }
  return false;
}

/** Whether the octets from `at` on begin with the word, which is in upper case, in either case. */
export function startsWithWord(octets: Uint8Array, at: number, end: number, word: string): boolean {
  if (end - at < word.length) return false;
  for (let index = 0; index < word.length; index++) {
    const octet = octets[at + index] ?? 0;
    const upper = octet >= 0x61 && octet <= 0x7a ? octet - 0x20 : octet;
    if (upper !== word.charCodeAt(index)) return false;
  }
  return true;
}
