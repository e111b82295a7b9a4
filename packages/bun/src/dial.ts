// Reaches a host by whichever of its addresses answers first (RFC 8305), or a Unix socket.

import { lookup } from "node:dns/promises";
import { reachHost, type Goal } from "@carteiro/driver";
import type { SocketHandler } from "bun";
import type { Tls } from "./tls.ts";
import { BunTransport, socketHandlers, type SocketOwner } from "./transport.ts";

type Where = { readonly unix: string } | { readonly hostname: string; readonly port: number };

/**
 * The transport of a connection, from which nobody reads yet. Rejects with the system's error, an `AggregateError` where several
 * addresses failed, or the signal's reason. Bun cannot call an attempt off: where it succeeds after all, it is closed.
 */
export async function dial(goal: Goal, tls: Tls): Promise<BunTransport> {
  const { path, host, port, attemptDelay, keepAlive, signal } = goal;
  signal.throwIfAborted();
  if (path !== undefined) return opened({ unix: path }, tls, false);
  return reachHost(lookup(host, { all: true }), {
    attempt: ({ address }) => opened({ hostname: address, port }, tls, keepAlive),
    discard: (transport) => transport.destroy(),
    attemptDelay,
    signal,
  });
}

function opened(where: Where, tls: Tls, keepAlive: boolean): Promise<BunTransport> {
  return new Promise((resolve, reject) => {
    const failed = (error: Error) => reject(named(where, error));
    const socket: SocketHandler<SocketOwner | undefined> = {
      ...socketHandlers,
      // Not a moment later: what comes then has to be held back already.
      open(connected) {
        if (keepAlive) connected.setKeepAlive(true);
        resolve(new BunTransport(connected, tls));
      },
      connectError: (_, error) => failed(error),
    };
    const rest = { allowHalfOpen: true, data: undefined, socket };
    const connecting =
      "unix" in where
        ? Bun.connect<SocketOwner | undefined>({ ...where, ...rest })
        : Bun.connect<SocketOwner | undefined>({ ...where, ...rest });
    connecting.catch(failed);
  });
}

/** Bun says only that it failed to connect. */
function named(where: Where, error: Error): Error {
  const { code = "failed" } = error as { readonly code?: string };
  const place = "unix" in where ? { path: where.unix } : { address: where.hostname, port: where.port };
  const what = "unix" in where ? where.unix : `${where.hostname}:${where.port}`;
  return Object.assign(new Error(`connect ${code} ${what}`, { cause: error }), { code, ...place });
}
