// Addresses of connections as transports tell them.

import { plainAddress, type Transport } from "@carteiro/driver";

/** A Unix socket has none. */
export function addressOf(address: Deno.Addr): Transport["remote"] {
  if (address.transport !== "tcp") return {};
  const plain = plainAddress(address.hostname);
  return { ...(plain !== undefined && { address: plain }), port: address.port };
}
