// Who counts as one client where clients are counted.

import { firstOf, parseIp } from "./networks.ts";

/** A site, or a single customer, has a network of at least this prefix to itself (RFC 6177), and every address of it. */
const sitePrefix = 64;

/**
 * What connections and rates are counted by: an IPv4 address, or the /64 of an IPv6 address, for example `2001:db8::/64`.
 * What is no address stands for itself.
 */
export function clientKey(address: string): string {
  const ip = address.includes(":") ? parseIp(address) : undefined;
  if (ip === undefined) return address;
  return ip.kind() === "ipv4" ? ip.toString() : `${firstOf(ip, sitePrefix).toString()}/${sitePrefix}`;
}
