// Domains, and what HELO and EHLO take for one (RFC 5321 §4.1.2, RFC 6531 §3.3).

import {
  DOT,
  hasNonAscii,
  HYPHEN,
  LEFT_BRACKET,
  LET_DIG_HYP,
  LET_DIG_HYP_UNDERSCORE,
  octetAt,
  scanWhileOrUtf8,
} from "./abnf.ts";
import { isIpv6Literal, scanAddressLiteral } from "./address-literal.ts";
import { InvalidValueError, shown } from "./invalid-value-error.ts";
import { type Branded, failure, type Parsed, success } from "./parsed.ts";
import { decodeAscii, decodeUtf8, encodeUtf8, lowerAscii } from "./text.ts";

/** What a client calls itself in HELO or EHLO: a domain or an address literal, as it was sent. */
export type HelloName = string & Branded<"HelloName">;

/** Octets in one label of a domain (RFC 1035 §2.3.4). U-labels are bounded by the domain's length alone. */
const labelLimit = 63;
/** Octets in a domain (RFC 5321 §4.5.3.1.2). */
const helloNameLimit = 255;

/**
 * U-labels are taken as they are: whether they are valid IDNA is for whoever resolves them. No trailing dot.
 *
 *     Domain     = sub-domain *("." sub-domain)
 *     sub-domain = Let-dig [Ldh-str]
 *     sub-domain =/ U-label                     ; RFC 6531
 */
export function scanDomain(octets: Uint8Array, at: number, end: number): number {
  return scanLabels(octets, at, end, LET_DIG_HYP);
}

/** Index after a Domain or an address-literal, or -1. */
export function scanDomainOrLiteral(octets: Uint8Array, at: number, end: number): number {
  return octetAt(octets, at, end) === LEFT_BRACKET ? scanAddressLiteral(octets, at, end) : scanDomain(octets, at, end);
}

/** @param letters The classes that labels are made of. */
function scanLabels(octets: Uint8Array, at: number, end: number, letters: number): number {
  let index = scanLabel(octets, at, end, letters);
  while (index >= 0 && octetAt(octets, index, end) === DOT) index = scanLabel(octets, index + 1, end, letters);
  return index;
}

function scanLabel(octets: Uint8Array, at: number, end: number, letters: number): number {
  const index = scanWhileOrUtf8(octets, at, end, letters);
  if (index <= at || octets[at] === HYPHEN || octets[index - 1] === HYPHEN) return -1;
  return index - at <= labelLimit || hasNonAscii(octets, at, index) ? index : -1;
}

/**
 * The domain or literal in its one canonical spelling: domains in lower case, the tag of an IPv6 literal as `IPv6:`.
 */
export function canonicalDomain(octets: Uint8Array, at: number, end: number): string {
  if (octets[at] !== LEFT_BRACKET) return lowerAscii(decodeUtf8(octets, at, end) ?? "");
  if (!isIpv6Literal(octets, at + 1, end)) return decodeAscii(octets, at, end);
  return `[IPv6:${decodeAscii(octets, at + "[IPv6:".length, end).toLowerCase()}`;
}

/**
 * The argument of HELO or EHLO, up to `end`. More is taken than the grammar says, because clients send it and nothing
 * is decided by it: a literal after HELO, one label alone (`localhost`), and underscores (Windows machine names).
 *
 *     hello-name = ( Domain / address-literal )
 */
export function parseHelloName(octets: Uint8Array, at: number, end: number): Parsed<HelloName> {
  if (end - at > helloNameLimit) return failure("The name after HELO or EHLO is too long", "tooLong");
  const isLiteral = octetAt(octets, at, end) === LEFT_BRACKET;
  const next = isLiteral ? scanAddressLiteral(octets, at, end) : scanLabels(octets, at, end, LET_DIG_HYP_UNDERSCORE);
  if (next !== end || hasNonAscii(octets, at, end))
    return failure("HELO and EHLO take one domain name or address literal");
  return success(decodeAscii(octets, at, end) as HelloName);
}

/** A name for HELO or EHLO, such as `mail.example.org` or `[192.0.2.1]`. Throws `InvalidValueError`. */
export function helloName(text: string): HelloName {
  // From code without types.
  if (typeof text !== "string")
    throw new InvalidValueError(
      `hostname ${shown(String(text))}`,
      "It is no text",
      "Pass the own name, such as mail.example.org",
    );
  const octets = encodeUtf8(text);
  const parsed = parseHelloName(octets, 0, octets.length);
  if (parsed.ok) return parsed.value;
  throw new InvalidValueError(
    `HELO name ${shown(text)}`,
    parsed.problem,
    "Pass a domain name or an address literal such as [192.0.2.1]",
  );
}
