// The argument of BURL (RFC 4468): the URL of content that the server is to fetch, and whether the content ends with it.

import { ALPHA, COLON, DOT, HEXDIG, HYPHEN, isIn, LET_DIG, octetAt, PLUS, scanSpaces, startsWithWord } from "./abnf.ts";
import { InvalidValueError } from "./invalid-value-error.ts";
import { failure, type Parsed, success } from "./parsed.ts";
import { decodeAscii, encodeUtf8 } from "./text.ts";

/** The argument of BURL. */
export interface ContentReference {
  /**
   * An absolute URI without a fragment, in ASCII. It may authorise whoever has it (URLAUTH, RFC 4467): keep it out of
   * logs.
   */
  readonly url: string;
  /** Whether the content ends with it. */
  readonly last: boolean;
}

const PERCENT = 0x25;
const lastWord = "LAST";
/** reserved and unreserved of RFC 3986 §2, letters and digits aside, without the "#" that begins a fragment. */
const punctuation = new Set(encodeUtf8(":/?[]@!$&'()*+,;=-._~"));
const malformed = failure("BURL takes an absolute URL, and LAST or nothing");

/**
 * The argument of BURL from `at` up to `end`.
 *
 *     burl-argument = absolute-URI [ 1*SP "LAST" ]     ; RFC 3986 §4.3; LAST in any case
 */
export function parseContentReference(octets: Uint8Array, at: number, end: number): Parsed<ContentReference> {
  const next = scanUri(octets, at, end);
  if (next < 0) return malformed;
  const url = decodeAscii(octets, at, next);
  if (next === end) return success({ url, last: false });
  const word = scanSpaces(octets, next, end);
  const isLast = startsWithWord(octets, word, end, lastWord) && word + lastWord.length === end;
  return isLast ? success({ url, last: true }) : malformed;
}

/**
 * Index after the URI, or -1. What its parts are is for whoever resolves it.
 *
 *     uri    = scheme ":" *( reserved / unreserved / "%" 2HEXDIG )     ; without "#"
 *     scheme = ALPHA *( ALPHA / DIGIT / "+" / "-" / "." )
 */
export function scanUri(octets: Uint8Array, at: number, end: number): number {
  let index = scanScheme(octets, at, end);
  if (index < 0) return -1;
  for (;;) {
    const octet = octetAt(octets, index, end);
    if (octet === PERCENT) {
      if (!isIn(octetAt(octets, index + 1, end), HEXDIG) || !isIn(octetAt(octets, index + 2, end), HEXDIG)) return -1;
      index += 3;
    } else if (isIn(octet, LET_DIG) || punctuation.has(octet)) {
      index += 1;
    } else {
      return index;
    }
  }
}

function scanScheme(octets: Uint8Array, at: number, end: number): number {
  if (!isIn(octetAt(octets, at, end), ALPHA)) return -1;
  let index = at + 1;
  while (isSchemeCharacter(octetAt(octets, index, end))) index += 1;
  return octetAt(octets, index, end) === COLON ? index + 1 : -1;
}

function isSchemeCharacter(octet: number): boolean {
  return isIn(octet, LET_DIG) || octet === PLUS || octet === HYPHEN || octet === DOT;
}

/** BURL's argument. Throws `InvalidValueError`, which does not tell the URL, for what is no absolute URI. */
export function formatContentReference({ url, last }: ContentReference): string {
  const octets = encodeUtf8(url);
  if (scanUri(octets, 0, octets.length) === octets.length) return last ? `${url} ${lastWord}` : url;
  throw new InvalidValueError("BURL", "The URL is not absolute, or not in ASCII", "Pass a URL that new URL() made");
}
