// Addresses of sockets as the rest of the world writes them.

import { isIPv4 } from "node:net";

const mappedPrefix = "::ffff:";

/** An IPv4 address that a dual-stack socket shows as mapped into IPv6 (RFC 4291 section 2.5.5.2) as plain IPv4. */
export function plainAddress(address: string | undefined): string | undefined {
  if (address === undefined || !address.startsWith(mappedPrefix)) return address;
  const plain = address.slice(mappedPrefix.length);
  return isIPv4(plain) ? plain : address;
}
