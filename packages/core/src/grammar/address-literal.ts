// Address literals of RFC 5321 §4.1.3: `[192.0.2.1]`, `[IPv6:2001:db8::1]`, `[tag:content]`.

import {
  COLON,
  DCONTENT,
  DIGIT,
  DOT,
  HEXDIG,
  HYPHEN,
  isIn,
  LEFT_BRACKET,
  LET_DIG,
  octetAt,
  RIGHT_BRACKET,
  scanWhile,
  startsWithWord,
  ZERO,
} from "./abnf.ts";

const ipv6Tag = "IPV6:";
/** Groups of 16 bits in an IPv6 address; an IPv4 address at its end takes two of them. */
const ipv6Groups = 8;

/**
 *     address-literal = "[" ( IPv4-address-literal / IPv6-address-literal / General-address-literal ) "]"
 */
export function scanAddressLiteral(octets: Uint8Array, at: number, end: number): number {
  if (octetAt(octets, at, end) !== LEFT_BRACKET) return -1;
  const close = scanLiteralContent(octets, at + 1, end);
  return close >= 0 && octetAt(octets, close, end) === RIGHT_BRACKET ? close + 1 : -1;
}

function scanLiteralContent(octets: Uint8Array, at: number, end: number): number {
  if (isIn(octetAt(octets, at, end), DIGIT)) {
    const close = scanIpv4(octets, at, end);
    if (close >= 0) return close;
  }
  return isIpv6Literal(octets, at, end) ? scanIpv6(octets, at + ipv6Tag.length, end) : scanGeneral(octets, at, end);
}

/** Whether what stands between the brackets is an IPv6 address, by its tag. */
export function isIpv6Literal(octets: Uint8Array, at: number, end: number): boolean {
  return startsWithWord(octets, at, end, ipv6Tag);
}

/**
 *     General-address-literal = Standardized-tag ":" 1*dcontent
 *     Standardized-tag        = Ldh-str
 */
function scanGeneral(octets: Uint8Array, at: number, end: number): number {
  const colon = scanTag(octets, at, end);
  if (colon < 0 || octetAt(octets, colon, end) !== COLON) return -1;
  const close = scanWhile(octets, colon + 1, end, DCONTENT);
  return close > colon + 1 ? close : -1;
}

/**
 *     Ldh-str = *( ALPHA / DIGIT / "-" ) Let-dig
 */
function scanTag(octets: Uint8Array, at: number, end: number): number {
  let index = at;
  while (isIn(octetAt(octets, index, end), LET_DIG) || octetAt(octets, index, end) === HYPHEN) index += 1;
  return index > at && octets[index - 1] !== HYPHEN ? index : -1;
}

/**
 * No leading zero is taken: some readers would see an octal number, and so another host.
 *
 *     IPv4-address-literal = Snum 3("."  Snum)
 *     Snum                 = 1*3DIGIT     ; 0 to 255
 */
export function scanIpv4(octets: Uint8Array, at: number, end: number): number {
  let index = scanSnum(octets, at, end);
  for (let part = 1; part < 4; part++) {
    if (index < 0 || octetAt(octets, index, end) !== DOT) return -1;
    index = scanSnum(octets, index + 1, end);
  }
  return index;
}

function scanSnum(octets: Uint8Array, at: number, end: number): number {
  const next = scanWhile(octets, at, Math.min(end, at + 3), DIGIT);
  if (next === at) return -1;
  if (next > at + 1 && octets[at] === ZERO) return -1;
  let value = 0;
  for (let index = at; index < next; index++) value = value * 10 + (octets[index] ?? 0) - ZERO;
  return value <= 255 ? next : -1;
}

/**
 * "::" stands for two groups or more; with it there are six others at most.
 *
 *     IPv6-addr = IPv6-full / IPv6-comp / IPv6v4-full / IPv6v4-comp
 *     IPv6-hex  = 1*4HEXDIG
 */
export function scanIpv6(octets: Uint8Array, at: number, end: number): number {
  let groups = 0;
  let compressed = false;
  let index = at;
  if (isDoubleColon(octets, index, end)) {
    compressed = true;
    index += 2;
  }
  for (;;) {
    const group = scanWhile(octets, index, Math.min(end, index + 4), HEXDIG);
    if (group === index) break;
    const ipv4 = octetAt(octets, group, end) === DOT ? scanIpv4(octets, index, end) : group;
    groups += ipv4 === group ? 1 : 2;
    if (ipv4 < 0 || groups > ipv6Groups) return -1;
    index = ipv4;
    if (ipv4 !== group) break;
    if (isDoubleColon(octets, index, end)) {
      if (compressed) return -1;
      compressed = true;
      index += 2;
    } else if (octetAt(octets, index, end) === COLON) {
      index += 1;
      if (!isIn(octetAt(octets, index, end), HEXDIG)) return -1;
    } else {
      break;
    }
  }
  return (compressed ? groups <= ipv6Groups - 2 : groups === ipv6Groups) ? index : -1;
}

function isDoubleColon(octets: Uint8Array, at: number, end: number): boolean {
  return octetAt(octets, at, end) === COLON && octetAt(octets, at + 1, end) === COLON;
}
