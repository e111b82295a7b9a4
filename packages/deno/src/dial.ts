// Reaches a host by whichever of its addresses answers first (RFC 8305), or a Unix socket.

import { lookup } from "node:dns/promises";
import { systemClock } from "@carteiro/driver";

export interface DialOptions {
  readonly host: string;
  readonly port: number;
  /** Unix socket instead of host and port. */
  readonly path?: string | undefined;
  /** Milliseconds before the next address is tried as well. */
  readonly attemptDelay: number;
  readonly keepAlive: boolean;
  readonly signal: AbortSignal;
}

/**
 * A connection, from which nobody reads yet. Rejects with Deno's error, an `AggregateError` where several addresses failed, or
 * the signal's reason; no other connection is left then.
 */
export async function dial({ path, host, port, attemptDelay, keepAlive, signal }: DialOptions): Promise<Deno.Conn> {
  signal.throwIfAborted();
  if (path !== undefined) return Deno.connect({ transport: "unix", path });
  const addresses = alternating(await abortable(lookup(host, { all: true }), signal));
  const conn = await race(addresses, (hostname, given) => Deno.connect({ hostname, port, signal: given }), {
    attemptDelay,
    signal,
  });
  conn.setNoDelay();
  conn.setKeepAlive(keepAlive);
  return conn;
}

function abortable<Result>(promise: Promise<Result>, signal: AbortSignal): Promise<Result> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}

interface Found {
  readonly address: string;
  readonly family: number;
}

/** The system's order of preference, but the two families in turn (RFC 8305 §4). */
function alternating(addresses: readonly Found[]): readonly string[] {
  const preferred = addresses.filter(({ family }) => family === addresses[0]?.family);
  const other = addresses.filter(({ family }) => family !== addresses[0]?.family);
  return addresses.flatMap((_, index) =>
    [preferred[index] ?? [], other[index] ?? []].flat().map(({ address }) => address),
  );
}

type Attempt = (address: string, signal: AbortSignal) => Promise<Deno.TcpConn>;

/** Starts an attempt each `attemptDelay`, and at once when one fails; the first to succeed ends the others. */
async function race(
  addresses: readonly string[],
  attempt: Attempt,
  { attemptDelay, signal }: Pick<DialOptions, "attemptDelay" | "signal">,
): Promise<Deno.TcpConn> {
  const end = new AbortController();
  const given = AbortSignal.any([signal, end.signal]);
  const { promise, resolve, reject } = Promise.withResolvers<Deno.TcpConn>();
  const rest = addresses[Symbol.iterator]();
  const errors: Error[] = [];
  let pending = 0;
  let over = false;
  let cancelNext = () => {};
  const next = () => {
    cancelNext();
    const { done, value } = rest.next();
    if (done !== true) return begin(value);
    if (pending === 0) reject(failure(errors));
  };
  const begin = (address: string) => {
    pending += 1;
    cancelNext = systemClock.after(attemptDelay, next);
    void settle(attempt(address, given));
  };
  const settle = async (attempted: Promise<Deno.TcpConn>) => {
    try {
      const conn = await attempted;
      if (over) return conn.close();
      over = true;
      resolve(conn);
    } catch (error) {
      pending -= 1;
      errors.push(error as Error);
      if (!over) next();
    }
  };
  next();
  try {
    return await abortable(promise, signal);
  } finally {
    over = true;
    cancelNext();
    end.abort();
  }
}

function failure(errors: readonly Error[]): Error {
  const [first, ...others] = errors;
  if (first === undefined) return Object.assign(new Error("The host has no address"), { code: "ENOTFOUND" });
  if (others.length === 0) return first;
  const { code } = first as { readonly code?: string };
  return Object.assign(new AggregateError(errors, errors.map(({ message }) => message).join("; ")), { code });
}
