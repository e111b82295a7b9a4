// Reaches a host by whichever of its addresses answers first (RFC 8305), or a Unix socket.

import { lookup } from "node:dns/promises";
import { reachHost, type Goal } from "@carteiro/driver";

/**
 * A connection, from which nobody reads yet. Rejects with Deno's error, an `AggregateError` where several addresses failed, or
 * the signal's reason; no other connection is left then.
 */
export async function dial({ path, host, port, attemptDelay, keepAlive, signal }: Goal): Promise<Deno.Conn> {
  signal.throwIfAborted();
  if (path !== undefined) return Deno.connect({ transport: "unix", path });
  const conn = await reachHost(lookup(host, { all: true }), {
    attempt: ({ address }, given) => Deno.connect({ hostname: address, port, signal: given }),
    discard: (late) => late.close(),
    attemptDelay,
    signal,
  });
  conn.setNoDelay();
  conn.setKeepAlive(keepAlive);
  return conn;
}
