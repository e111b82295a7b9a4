// Reaches a host by whichever of its addresses answers first (RFC 8305). For adapters, which make the single attempts.

import { abortable } from "./abortable.ts";
import { systemClock } from "./clock.ts";

/** An address that a name has. `family`: 4 or 6. */
export interface FoundAddress {
  readonly address: string;
  readonly family: number;
}

export interface Reaching<Connection> {
  /** Connects to one address. Once the signal is aborted it is to give up; what it settles with does not matter then. */
  readonly attempt: (found: FoundAddress, signal: AbortSignal) => Promise<Connection>;
  /** Closes a connection that came too late. */
  readonly discard: (connection: Connection) => void;
  /** Milliseconds before the next address is tried as well. */
  readonly attemptDelay: number;
  readonly signal: AbortSignal;
}

/**
 * Tries the addresses in the order found, but the two families in turn; a further one each `attemptDelay`, and at once when one fails.
 * The first to succeed ends the others. Rejects with what the look-up or the attempt failed of, an `AggregateError` where several
 * failed, or the signal's reason; no connection is left then.
 */
export async function reachHost<Connection>(
  found: Promise<readonly FoundAddress[]>,
  reaching: Reaching<Connection>,
): Promise<Connection> {
  const { signal } = reaching;
  const addresses = await abortable(found, signal);
  const end = new AbortController();
  try {
    return await abortable(race(alternating(addresses), reaching, end), signal);
  } finally {
    end.abort(settled);
  }
}

/** Why the other attempts are ended. Nobody looks at it; an error with its stack, which `abort` would make, is dear. */
const settled = "another address was reached, or none";

/** RFC 8305 §4 */
function alternating(addresses: readonly FoundAddress[]): readonly FoundAddress[] {
  const preferred = addresses.filter(({ family }) => family === addresses[0]?.family);
  const other = addresses.filter(({ family }) => family !== addresses[0]?.family);
  return addresses.flatMap((_, index) => [preferred[index] ?? [], other[index] ?? []].flat());
}

/** Until one has succeeded, all have failed, or `end` is aborted: that ends the others. */
function race<Connection>(
  addresses: readonly FoundAddress[],
  { attempt, discard, attemptDelay }: Reaching<Connection>,
  end: AbortController,
): Promise<Connection> {
  const rest = addresses[Symbol.iterator]();
  const errors: Error[] = [];
  let pending = 0;
  let cancel = () => {};
  end.signal.addEventListener("abort", () => cancel(), { once: true });
  return new Promise((resolve, reject) => {
    const next = () => {
      cancel();
      const { done, value } = rest.next();
      if (done !== true) void begin(value);
      else if (pending === 0) reject(failure(errors));
    };
    const begin = async (address: FoundAddress) => {
      pending += 1;
      cancel = systemClock.after(attemptDelay, next);
      try {
        const connection = await attempt(address, end.signal);
        if (end.signal.aborted) return discard(connection);
        end.abort(settled);
        resolve(connection);
      } catch (error) {
        pending -= 1;
        errors.push(error instanceof Error ? error : new Error(String(error)));
        if (!end.signal.aborted) next();
      }
    };
    next();
  });
}

function failure(errors: readonly Error[]): Error {
  const [first, ...others] = errors;
  if (first === undefined) return Object.assign(new Error("The host has no address"), { code: "ENOTFOUND" });
  if (others.length === 0) return first;
  const { code } = first as { readonly code?: string };
  return Object.assign(new AggregateError(errors, errors.map(({ message }) => message).join("; ")), { code });
}
