// SASLprep (RFC 4013): user names and passwords in the one form in which both sides hash and compare them.

import { isAsciiText, isWellFormed } from "../grammar/text.ts";

type Ranges = readonly (readonly [first: number, last: number])[];

/** Non-ASCII spaces (RFC 3454 table C.1.2): each becomes a space. */
const spaces: Ranges = [
  [0xa0, 0xa0],
  [0x1680, 0x1680],
  [0x2000, 0x200b],
  [0x202f, 0x202f],
  [0x205f, 0x205f],
  [0x3000, 0x3000],
];

/** Characters commonly mapped to nothing (table B.1). */
const nothing: Ranges = [
  [0xad, 0xad],
  [0x34f, 0x34f],
  [0x1806, 0x1806],
  [0x180b, 0x180d],
  [0x200c, 0x200d],
  [0x2060, 0x2060],
  [0xfe00, 0xfe0f],
  [0xfeff, 0xfeff],
];

/** Tables C.2.1 to C.9 but for C.5, lone surrogates, which are looked for before. */
const prohibited: Ranges = [
  // Control characters.
  [0x00, 0x1f],
  [0x7f, 0x9f],
  [0x6dd, 0x6dd],
  [0x70f, 0x70f],
  [0x180e, 0x180e],
  [0x200c, 0x200d],
  [0x2028, 0x2029],
  [0x2060, 0x2063],
  [0x206a, 0x206f],
  [0xfeff, 0xfeff],
  [0x1d173, 0x1d17a],
  // Private use.
  [0xe000, 0xf8ff],
  [0xf0000, 0xffffd],
  [0x100000, 0x10fffd],
  // Not for plain text, and non-characters within the planes.
  [0xfdd0, 0xfdef],
  [0xfff9, 0xfffd],
  // Ideographic description; change of display, and deprecated; tags.
  [0x2ff0, 0x2ffb],
  [0x340, 0x341],
  [0x200e, 0x200f],
  [0x202a, 0x202e],
  [0xe0001, 0xe0001],
  [0xe0020, 0xe007f],
];

/**
 * The text as SASL mechanisms compare it, or `undefined` where a character in it is prohibited.
 *
 * Done: mapping (RFC 4013 §2.1), normalisation by NFKC (§2.2), prohibited characters (§2.3). ASCII without control
 * characters comes out as it went in. Not done, so that more is let through than the RFC does and nothing comes out
 * otherwise: the check for mixed directions (§2.4), and unassigned code points (§2.5), for which, and for NFKC, the
 * runtime's Unicode counts rather than version 3.2.
 */
export function saslPrep(text: string): string | undefined {
  const prepared = isAsciiText(text) ? text : mapped(text).normalize("NFKC");
  return hasProhibited(prepared) ? undefined : prepared;
}

/** Whether the text holds a character that no prepared string has: controls above all. */
export function hasProhibited(text: string): boolean {
  return !isWellFormed(text) || Array.from(text).some((char) => isProhibited(char.codePointAt(0) ?? 0));
}

function isProhibited(point: number): boolean {
  const isLastOfPlane = (point & 0xfffe) === 0xfffe;
  return isLastOfPlane || isIn(point, prohibited);
}

function mapped(text: string): string {
  return Array.from(text, (char) => {
    const point = char.codePointAt(0) ?? 0;
    if (isIn(point, spaces)) return " ";
    return isIn(point, nothing) ? "" : char;
  }).join("");
}

function isIn(point: number, ranges: Ranges): boolean {
  return ranges.some(([first, last]) => point >= first && point <= last);
}
