// The free text of NOOP, HELP, VRFY and EXPN, and what AUTH takes: strings that cannot end their line.

import {
  BASE64,
  EQUALS,
  HYPHEN,
  hasNonAscii,
  isIn,
  LET_DIG,
  octetAt,
  PRINTABLE,
  scanWhile,
  scanWhileOrUtf8,
  SP,
  UNDERSCORE,
} from "./abnf.ts";
import { InvalidValueError, shown } from "./invalid-value-error.ts";
import { type Branded, failure, type Parsed, success } from "./parsed.ts";
import { decodeAscii, decodeUtf8, encodeUtf8, isWellFormed } from "./text.ts";

/** Text of one line, neither empty nor with white space at either end. */
export type CommandArgument = string & Branded<"CommandArgument">;
/** A mechanism's name in upper case, for example `SCRAM-SHA-256`. */
export type SaslMechanism = string & Branded<"SaslMechanism">;
/** Base64 as it stands on the wire, or `=` for a response of no octets (RFC 4954 §4). */
export type InitialResponse = string & Branded<"InitialResponse">;

const mechanismLimit = 20;

/** The problem of an initial response: it has an enhanced code of its own, 5.5.2 (RFC 4954 section 4). */
export const notBase64 = "Not base64";

/**
 * Everything from `at` up to `end`. RFC 5321 asks for an Atom or a Quoted-string; clients send whole sentences, which
 * is harmless.
 *
 *     argument = 1*( %d32-126 / UTF8-non-ascii )
 */
export function parseCommandArgument(
  octets: Uint8Array,
  at: number,
  end: number,
  utf8: boolean,
): Parsed<CommandArgument> {
  const isBlankAtAnEnd = octetAt(octets, at, end) === SP || octetAt(octets, end - 1, end) === SP;
  if (at === end || isBlankAtAnEnd || scanWhileOrUtf8(octets, at, end, PRINTABLE) !== end)
    return failure("The argument is not valid");
  if (!utf8 && hasNonAscii(octets, at, end)) return failure("The argument needs SMTPUTF8", "utf8");
  return success((decodeUtf8(octets, at, end) ?? "") as CommandArgument);
}

/**
 * Text of the caller's for NOOP, HELP, VRFY or EXPN. Throws `InvalidValueError` for control characters, for white
 * space at an end, and for a last word `SMTPUTF8`, which VRFY and EXPN take as a parameter.
 */
export function commandArgument(text: string): CommandArgument {
  const octets = encodeUtf8(text);
  const parsed = parseCommandArgument(octets, 0, octets.length, true);
  if (parsed.ok && isWellFormed(text) && !text.toUpperCase().endsWith(" SMTPUTF8")) return parsed.value;
  throw new InvalidValueError(
    `Command argument ${shown(text)}`,
    "It cannot stand in one line as it is",
    "Pass printable text of one line, trimmed",
  );
}

/**
 * The mechanism from `at` up to `end`.
 *
 *     sasl-mech = 1*20( UPPER-ALPHA / DIGIT / HYPHEN / UNDERSCORE )     ; RFC 4422 §3.1, here in any case
 */
export function parseSaslMechanism(octets: Uint8Array, at: number, end: number): Parsed<SaslMechanism> {
  const isName = end > at && end - at <= mechanismLimit && scanMechanism(octets, at, end) === end;
  return isName
    ? success(decodeAscii(octets, at, end).toUpperCase() as SaslMechanism)
    : failure("The name of the mechanism is not valid");
}

function scanMechanism(octets: Uint8Array, at: number, end: number): number {
  let index = at;
  for (;;) {
    const octet = octetAt(octets, index, end);
    if (!isIn(octet, LET_DIG) && octet !== HYPHEN && octet !== UNDERSCORE) return index;
    index += 1;
  }
}

/** A mechanism's name in any case. Throws `InvalidValueError`. */
export function saslMechanism(text: string): SaslMechanism {
  const octets = encodeUtf8(text);
  const parsed = parseSaslMechanism(octets, 0, octets.length);
  if (parsed.ok) return parsed.value;
  throw new InvalidValueError(`Mechanism ${shown(text)}`, parsed.problem, "Pass a name such as PLAIN or SCRAM-SHA-256");
}

/**
 * The initial response from `at` up to `end`. Whether it is well-formed base64 is for whoever decodes it.
 *
 *     initial-response = base64 / "="
 */
export function parseInitialResponse(octets: Uint8Array, at: number, end: number): Parsed<InitialResponse> {
  const isBase64 = end > at && scanWhile(octets, at, end, BASE64) === end;
  return isBase64 ? success(decodeAscii(octets, at, end) as InitialResponse) : failure(notBase64);
}

/**
 * Base64 of the caller's, empty for a response of no octets. Throws `InvalidValueError`, which does not tell the
 * response.
 */
export function initialResponse(base64: string): InitialResponse {
  const octets = base64 === "" ? Uint8Array.of(EQUALS) : encodeUtf8(base64);
  const parsed = parseInitialResponse(octets, 0, octets.length);
  if (parsed.ok) return parsed.value;
  throw new InvalidValueError("Initial response", "It is not base64", "Encode it with encodeBase64");
}
