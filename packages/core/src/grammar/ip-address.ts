// IP addresses in text and in octets. Text comes out in one spelling alone, so that equal addresses are equal strings.

import { HEXDIG, isIn } from "./abnf.ts";
import { scanIpv4 } from "./address-literal.ts";
import { encodeUtf8 } from "./text.ts";

/** Octets in an IPv4 and in an IPv6 address. */
export const ipv4Length = 4;
export const ipv6Length = 16;

const longestText = "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255".length;
const groupsOfIpv6 = 8;
const noOctets = new Uint8Array(0);

/**
 * Four octets for an IPv4 address, sixteen for an IPv6 address, `undefined` for anything else. No brackets, no zone,
 * and no leading zero in IPv4.
 *
 *     IPv6address = RFC 3986 §3.2.2     ; "::" stands for one group or more
 */
export function parseIpAddress(text: string): Uint8Array | undefined {
  if (text.length > longestText) return undefined;
  return text.includes(":") ? parseIpv6(text) : parseIpv4(text);
}

function parseIpv4(text: string): Uint8Array | undefined {
  const octets = encodeUtf8(text);
  if (scanIpv4(octets, 0, octets.length) !== octets.length) return undefined;
  return Uint8Array.from(text.split("."), Number);
}

function parseIpv6(text: string): Uint8Array | undefined {
  const [head = "", tail, ...more] = text.split("::");
  const isCompressed = tail !== undefined;
  const before = parseGroups(head, !isCompressed);
  const after = parseGroups(tail ?? "", true);
  if (before === undefined || after === undefined || more.length > 0) return undefined;
  const zeros = groupsOfIpv6 - before.length - after.length;
  if (isCompressed ? zeros < 1 : zeros !== 0) return undefined;
  const groups = [...before, ...Array.from({ length: zeros }, () => 0), ...after];
  return Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 0xff]));
}

/** Groups of 16 bits; `undefined` where one is none. An IPv4 address may be the last two of them. */
function parseGroups(text: string, takesIpv4: boolean): number[] | undefined {
  if (text === "") return [];
  const words = text.split(":");
  const ipv4 = takesIpv4 && text.includes(".") ? parseIpv4(words.pop() ?? "") : noOctets;
  if (ipv4 === undefined || !words.every(isGroup)) return undefined;
  const groups = words.map((word) => Number.parseInt(word, 16));
  return ipv4 === noOctets ? groups : [...groups, groupAt(ipv4, 0), groupAt(ipv4, 1)];
}

function isGroup(word: string): boolean {
  if (word.length === 0 || word.length > 4) return false;
  for (let at = 0; at < word.length; at++) {
    if (!isIn(word.charCodeAt(at), HEXDIG)) return false;
  }
  return true;
}

/** Four or sixteen octets as text: IPv6 as RFC 5952 says, with an IPv4-mapped address's end in dots. */
export function formatIpAddress(octets: Uint8Array): string {
  return octets.length === ipv4Length ? octets.join(".") : formatIpv6(octets);
}

function formatIpv6(octets: Uint8Array): string {
  if (isMapped(octets)) return `::ffff:${octets.subarray(12).join(".")}`;
  const groups = Array.from({ length: groupsOfIpv6 }, (_, at) => groupAt(octets, at));
  const [from, length] = longestZeros(groups);
  const words = groups.map((group) => group.toString(16));
  if (length < 2) return words.join(":");
  return `${words.slice(0, from).join(":")}::${words.slice(from + length).join(":")}`;
}

function isMapped(octets: Uint8Array): boolean {
  return octets.subarray(0, 10).every((octet) => octet === 0) && octets[10] === 0xff && octets[11] === 0xff;
}

function groupAt(octets: Uint8Array, group: number): number {
  return ((octets[group * 2] ?? 0) << 8) | (octets[group * 2 + 1] ?? 0);
}

/** Index and length of the first of the longest runs of zero groups. */
function longestZeros(groups: readonly number[]): readonly [from: number, length: number] {
  let from = 0;
  let length = 0;
  for (let at = 0; at < groups.length; at++) {
    let end = at;
    while (groups[end] === 0) end += 1;
    if (end - at > length) [from, length] = [at, end - at];
    at = Math.max(at, end);
  }
  return [from, length];
}

/** The address in its one spelling, or `undefined` for text that is no IP address. */
export function canonicalIpAddress(text: string): string | undefined {
  const octets = parseIpAddress(text);
  return octets === undefined ? undefined : formatIpAddress(octets);
}
