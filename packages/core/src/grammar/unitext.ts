// The encodings of an internationalised address in ORCPT (RFC 6533 §3): utf-8-addr-xtext, all in ASCII, and
// utf-8-addr-unitext, which needs SMTPUTF8. Either writes a character that cannot stand for itself as `\x{hex}`.

import { EQUALS, isIn, PLUS, VALUE } from "./abnf.ts";
import { InvalidValueError, shown } from "./invalid-value-error.ts";
import { failure, type Parsed, success } from "./parsed.ts";
import { isPrintable } from "./printable.ts";
import { isWellFormed } from "./text.ts";

const BACKSLASH = "\\";
const escapeStart = "\\x{";
/** Hexadecimal digits in the longest escape. */
const longestPoint = 6;
/** Those of ASCII that may be escaped: space, `+`, `=`, `\`. Control characters may too, and are refused here. */
const escapableAscii = [0x20, 0x2b, 0x3d, 0x5c];

/**
 * What the encoded text means. Control characters are refused, as in `parseXtext`: these values end in header fields
 * and logs. Whether characters beyond ASCII may stand for themselves is for whoever read the command.
 *
 *     utf-8-addr-xtext    = 1*(QCHAR / EmbeddedUnicodeChar)
 *     utf-8-addr-unitext  = 1*(QUCHAR / EmbeddedUnicodeChar)
 *     QCHAR               = %x21-2a / %x2c-3c / %x3e-5b / %x5d-7e
 *     QUCHAR              = QCHAR / UTF8-2 / UTF8-3 / UTF8-4
 *     EmbeddedUnicodeChar = %x5C.78 "{" HEXPOINT "}"     ; the fewest digits, two at least
 */
export function parseUnitext(text: string): Parsed<string> {
  let decoded = "";
  for (let at = 0; at < text.length;) {
    const isEscape = text[at] === BACKSLASH;
    const last = isEscape ? text.indexOf("}", at) : at;
    const character = isEscape ? escapedCharacter(text, at, last) : plainCharacter(text, at);
    if (character === undefined) return failure("An encoded address has a character or an escape that is not valid");
    decoded += character;
    at = last + 1;
  }
  const isText = decoded !== "" && isPrintable(decoded) && isWellFormed(decoded);
  return isText ? success(decoded) : failure("An encoded address is empty or has a control character");
}

function plainCharacter(text: string, at: number): string | undefined {
  return isPlain(text.charCodeAt(at)) ? text[at] : undefined;
}

function isPlain(unit: number): boolean {
  return unit >= 0x80 || (isIn(unit, VALUE) && unit !== PLUS && unit !== EQUALS && unit !== 0x5c);
}

/** The character of an escape from `at` to its brace at `end`, which is -1 where there is none. */
function escapedCharacter(text: string, at: number, end: number): string | undefined {
  const digits = text.slice(at + escapeStart.length, end);
  if (end < 0 || !text.startsWith(escapeStart, at) || digits.length > longestPoint) return undefined;
  const point = Number.parseInt(digits, 16);
  const isWhole = digits.toUpperCase() === hexOf(point);
  return isWhole && isEscapable(point) ? String.fromCodePoint(point) : undefined;
}

function hexOf(point: number): string {
  return point.toString(16).toUpperCase().padStart(2, "0");
}

function isEscapable(point: number): boolean {
  const isSurrogate = point >= 0xd800 && point <= 0xdfff;
  return escapableAscii.includes(point) || (point >= 0x80 && point <= 0x10ffff && !isSurrogate);
}

/**
 * The text encoded: with `utf8`, characters beyond ASCII stand for themselves, for a command under SMTPUTF8. Throws
 * `InvalidValueError` for empty text, control characters and half a surrogate pair.
 */
export function formatUnitext(text: string, utf8: boolean): string {
  if (text === "" || !isPrintable(text) || !isWellFormed(text)) {
    throw new InvalidValueError(
      `Address ${shown(text)}`,
      "It is empty, or has a control character or half a surrogate pair",
      "Pass an address of one line",
    );
  }
  return Array.from(text, (character) => formatCharacter(character, utf8)).join("");
}

function formatCharacter(character: string, utf8: boolean): string {
  const point = character.codePointAt(0) ?? 0;
  const isItself = point < 0x80 ? isPlain(point) : utf8;
  return isItself ? character : `${escapeStart}${hexOf(point)}}`;
}
