// Text without control characters: what may end in a header field, a log or a terminal.

import { CONTROL, isIn, PRINTABLE } from "./abnf.ts";
import { decodeUtf8 } from "./text.ts";

/** Whether the text is printable US-ASCII, spaces included: `*( %d32-126 )`. */
export function isPrintableAscii(text: string): boolean {
  for (let at = 0; at < text.length; at++) {
    if (!isIn(text.charCodeAt(at), PRINTABLE)) return false;
  }
  return true;
}

/**
 * A word in upper case, or `undefined` for one that is not printable ASCII. The language's own toUpperCase alone would
 * make ASCII words of others: U+017F becomes S, and U+0131 I.
 */
export function upperWord(word: string | undefined): string | undefined {
  return word !== undefined && isPrintableAscii(word) ? word.toUpperCase() : undefined;
}

/** Whether the text has no control character, those beyond ASCII (U+0080 to U+009F) included. */
export function isPrintable(text: string): boolean {
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (isIn(unit, CONTROL) || (unit >= 0x80 && unit < 0xa0)) return false;
  }
  return true;
}

/** The text, or `undefined` where the octets are not UTF-8 or have a control character. */
export function decodePrintable(octets: Uint8Array, at = 0, end = octets.length): string | undefined {
  const text = decodeUtf8(octets, at, end);
  return text !== undefined && isPrintable(text) ? text : undefined;
}
