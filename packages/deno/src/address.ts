// Addresses of connections as the rest of the world writes them.

import type { Transport } from "@carteiro/driver";

const mappedPrefix = "::ffff:";

/** Without the prefix of an IPv4 address that a dual-stack socket shows as mapped into IPv6; a Unix socket has none. */
export function plainAddress(address: Deno.Addr): Transport["remote"] {
  if (address.transport !== "tcp") return {};
  const { hostname, port } = address;
  const isMapped = hostname.startsWith(mappedPrefix) && hostname.includes(".");
  return { address: isMapped ? hostname.slice(mappedPrefix.length) : hostname, port };
}
