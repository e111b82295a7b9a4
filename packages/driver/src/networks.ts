// Networks of the Internet, to tell whose connection this is: addresses and CIDR blocks (RFC 4632, RFC 4291).

import { InvalidValueError } from "@carteiro/core";
import ipaddr from "ipaddr.js";

export type IpAddress = ipaddr.IPv4 | ipaddr.IPv6;

/**
 * Whether an address is in one of the networks: `networks(["127.0.0.1", "::1", "192.0.2.0/24", "2001:db8::/32"])`.
 * An IPv4 address written as mapped into IPv6 is that IPv4 address, in the list as in the question; `::/0` therefore is
 * IPv6 alone. No address (a Unix socket has none), or what is none, is in no network.
 * Throws `InvalidValueError` for an entry that is neither an address nor a block, and for a block with bits set beyond
 * its prefix, since it is not clear what was meant.
 */
export function networks(list: readonly string[]): (address: string | undefined) => boolean {
  const blocks = list.map(parseBlock);
  if (blocks.length === 0) return () => false;
  return (address) => {
    const ip = address === undefined ? undefined : parseIp(address);
    return ip !== undefined && blocks.some(({ base, bits }) => base.kind() === ip.kind() && ip.match(base, bits));
  };
}

/** An address in full: four decimal numbers, or IPv6 with or without a zone. IPv4 mapped into IPv6 becomes IPv4. */
export function parseIp(text: string): IpAddress | undefined {
  if (!text.includes(":")) return ipaddr.IPv4.isValidFourPartDecimal(text) ? ipaddr.IPv4.parse(text) : undefined;
  if (!ipaddr.IPv6.isValid(text)) return undefined;
  const ip = ipaddr.IPv6.parse(text);
  return ip.isIPv4MappedAddress() ? ip.toIPv4Address() : ip;
}

interface Block {
  readonly base: IpAddress;
  /** Length of the prefix. */
  readonly bits: number;
}

/** Bits in front of the IPv4 address that is mapped into an IPv6 one (RFC 4291 §2.5.5.2). */
const mappedPrefix = 96;

function parseBlock(entry: string): Block {
  const [address = "", prefix, ...more] = entry.split("/");
  const base = address.includes("%") ? undefined : parseIp(address);
  if (base === undefined || more.length > 0) throw invalid(entry, "it is no address");
  const mapped = base.kind() === "ipv4" && address.includes(":");
  const whole = base.kind() === "ipv4" ? 32 : 128;
  if (prefix === undefined) return { base, bits: whole };
  const bits = prefixLength(prefix) - (mapped ? mappedPrefix : 0);
  if (!(bits >= 0 && bits <= whole)) throw invalid(entry, "its prefix is no number of bits that such an address has");
  const first = firstOf(base, bits);
  if (first.toString() !== base.toString())
    throw invalid(entry, `it has bits set beyond its prefix: did you mean ${first.toString()}/${bits}`);
  return { base, bits };
}

function prefixLength(text: string): number {
  const bits = Number(text);
  return String(bits) === text ? bits : Number.NaN;
}

/** The first address of the block that an address is in. */
export function firstOf(address: IpAddress, bits: number): IpAddress {
  const kept = address.toByteArray().map((octet, at) => octet & (0xff00 >> Math.min(Math.max(bits - 8 * at, 0), 8)));
  return ipaddr.fromByteArray(kept);
}

function invalid(entry: string, problem: string): InvalidValueError {
  return new InvalidValueError(
    `Network ${JSON.stringify(entry)}`,
    problem,
    "Give an IPv4 or IPv6 address such as 192.0.2.1, or a block such as 192.0.2.0/24 or 2001:db8::/32",
  );
}
