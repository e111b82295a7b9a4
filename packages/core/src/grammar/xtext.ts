// xtext (RFC 3461 §4): how a parameter's value carries spaces, `=` and `+`.

import { CONTROL, DIGIT, EQUALS, HTAB, isIn, octetAt, PLUS, VALUE, ZERO } from "./abnf.ts";
import { InvalidValueError, shown } from "./invalid-value-error.ts";
import { failure, type Parsed, success } from "./parsed.ts";
import { decodeUtf8, encodeUtf8, isWellFormed } from "./text.ts";

/**
 * What an xtext value means. Hexadecimal digits are upper case only. A control character other than a tab is refused,
 * NUL among them: these values end in header fields and logs. Octets beyond ASCII must be UTF-8.
 *
 *     xtext   = *( xchar / hexchar )
 *     xchar   = %d33-42 / %d44-60 / %d62-126
 *     hexchar = "+" 2( DIGIT / %x41-46 )
 */
export function parseXtext(text: string): Parsed<string> {
  const source = encodeUtf8(text);
  const octets = new Uint8Array(source.length);
  let length = 0;
  for (let index = 0; index < source.length; index++) {
    let octet = source[index] ?? 0;
    if (octet === PLUS) {
      octet = hexValue(source, index + 1);
      index += 2;
    } else if (!isIn(octet, VALUE)) {
      return failure("An encoded value has a character that must not stand in it");
    }
    if (octet < 0 || isForbidden(octet)) return failure("An encoded value has an escape that is not valid");
    octets[length++] = octet;
  }
  const decoded = decodeUtf8(octets, 0, length);
  return decoded === undefined ? failure("An encoded value is not UTF-8") : success(decoded);
}

function isForbidden(octet: number): boolean {
  return isIn(octet, CONTROL) && octet !== HTAB;
}

function hexValue(octets: Uint8Array, at: number): number {
  const high = hexDigit(octetAt(octets, at, octets.length));
  const low = hexDigit(octetAt(octets, at + 1, octets.length));
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

function hexDigit(octet: number): number {
  if (isIn(octet, DIGIT)) return octet - ZERO;
  return octet >= 0x41 && octet <= 0x46 ? octet - 0x41 + 10 : -1;
}

/**
 * The text as xtext, characters beyond ASCII as the octets of their UTF-8. Throws `InvalidValueError` for control
 * characters.
 */
export function formatXtext(text: string): string {
  let encoded = "";
  for (const octet of encodeUtf8(text)) {
    if (isForbidden(octet)) throw unencodable(text);
    const isPlain = isIn(octet, VALUE) && octet !== PLUS && octet !== EQUALS;
    encoded += isPlain ? String.fromCharCode(octet) : `+${octet.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  if (!isWellFormed(text)) throw unencodable(text);
  return encoded;
}

function unencodable(text: string): InvalidValueError {
  return new InvalidValueError(
    `Value ${shown(text)}`,
    "It has a control character or half a surrogate pair",
    "Pass text of one line",
  );
}
