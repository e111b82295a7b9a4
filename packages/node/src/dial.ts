// Reaches a host by whichever of its addresses answers first (RFC 8305), or a Unix socket.

import { lookup as systemLookup, type LookupAddress } from "node:dns";
import { connect, type LookupFunction, type Socket, type TcpNetConnectOpts, type IpcNetConnectOpts } from "node:net";

export interface DialOptions {
  readonly host: string;
  readonly port: number;
  /** Unix socket instead of host and port. */
  readonly path?: string | undefined;
  /** Milliseconds before the next address is tried as well. */
  readonly attemptDelay: number;
  readonly keepAlive: boolean;
  readonly lookup?: LookupFunction | undefined;
  readonly signal: AbortSignal;
}

/**
 * A connected socket, from which nobody reads yet. Rejects with the system's error, an `AggregateError` where several
 * addresses failed, or the signal's reason; no other socket is left then.
 */
export async function dial(options: DialOptions): Promise<Socket> {
  const { path, host, port, signal } = options;
  signal.throwIfAborted();
  if (path !== undefined) return race([{ path }], options);
  const addresses = await abortable(resolveName(host, options.lookup ?? systemLookup), signal);
  return race(
    alternating(addresses).map(({ address, family }) => ({ host: address, port, family })),
    options,
  );
}

function resolveName(host: string, lookup: LookupFunction): Promise<readonly LookupAddress[]> {
  return new Promise((found, failed) => {
    lookup(host, { all: true }, (error, addresses, family) => {
      if (error !== null && error !== undefined) return failed(error);
      found(typeof addresses === "string" ? [{ address: addresses, family: family ?? 0 }] : addresses);
    });
  });
}

function abortable<Result>(promise: Promise<Result>, signal: AbortSignal): Promise<Result> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}

/** The system's order of preference, but the two families in turn (RFC 8305 §4). */
function alternating(addresses: readonly LookupAddress[]): readonly LookupAddress[] {
  const preferred = addresses.filter(({ family }) => family === addresses[0]?.family);
  const other = addresses.filter(({ family }) => family !== addresses[0]?.family);
  return addresses.flatMap((_, index) => [preferred[index] ?? [], other[index] ?? []].flat());
}

type Destination = TcpNetConnectOpts | IpcNetConnectOpts;

/** Starts an attempt each `attemptDelay`, and at once when one fails; the first to succeed ends the others. */
function race(destinations: readonly Destination[], options: DialOptions): Promise<Socket> {
  const { attemptDelay, keepAlive, signal } = options;
  const attempts = new Set<Socket>();
  const errors: Error[] = [];
  const rest = destinations[Symbol.iterator]();
  let timer: NodeJS.Timeout | undefined;
  return new Promise<Socket>((resolveRace, rejectRace) => {
    const settle = (winner: Socket | undefined) => {
      clearTimeout(timer);
      signal.removeEventListener("abort", abort);
      if (winner !== undefined) attempts.delete(winner);
      for (const attempt of attempts) attempt.destroy();
    };
    const abort = () => {
      settle(undefined);
      rejectRace(signal.reason);
    };
    const next = () => {
      clearTimeout(timer);
      const { done, value } = rest.next();
      if (done !== true) return attempt(value);
      if (attempts.size > 0) return;
      settle(undefined);
      rejectRace(failure(errors));
    };
    const attempt = (destination: Destination) => {
      const socket = connect({ ...destination, allowHalfOpen: true, keepAlive, noDelay: true });
      attempts.add(socket);
      timer = setTimeout(next, attemptDelay);
      // Stays: whatever befalls a socket that lost the race concerns nobody.
      socket.on("error", (error) => {
        if (!attempts.delete(socket)) return;
        errors.push(error);
        next();
      });
      socket.once("connect", () => {
        settle(socket);
        resolveRace(socket);
      });
    };
    signal.addEventListener("abort", abort, { once: true });
    next();
  });
}

function failure(errors: readonly Error[]): Error {
  const [first, ...others] = errors;
  if (first === undefined) return Object.assign(new Error("The host has no address"), { code: "ENOTFOUND" });
  if (others.length === 0) return first;
  const { code } = first as NodeJS.ErrnoException;
  const message = errors.map((error) => error.message).join("; ");
  return Object.assign(new AggregateError(errors, message), { code });
}
