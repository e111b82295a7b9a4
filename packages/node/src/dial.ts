// Reaches a host by whichever of its addresses answers first (RFC 8305), or a Unix socket.

import { lookup as systemLookup, type LookupAddress } from "node:dns";
import { connect, type IpcNetConnectOpts, type LookupFunction, type Socket, type TcpNetConnectOpts } from "node:net";
import { reachHost, type Goal } from "@carteiro/driver";

/**
 * A connected socket, from which nobody reads yet. Rejects with the system's error, an `AggregateError` where several
 * addresses failed, or the signal's reason; no other socket is left then.
 */
export async function dial(goal: Goal, lookup: LookupFunction = systemLookup): Promise<Socket> {
  const { path, host, port, attemptDelay, keepAlive, signal } = goal;
  if (path !== undefined) return connected({ path }, signal);
  return reachHost(addressesOf(host, lookup), {
    attempt: (found, given) => connected({ host: found.address, family: found.family, port, keepAlive }, given),
    discard: (socket) => socket.destroy(),
    attemptDelay,
    signal,
  });
}

function addressesOf(host: string, lookup: LookupFunction): Promise<readonly LookupAddress[]> {
  return new Promise((found, failed) => {
    lookup(host, { all: true }, (error, addresses, family) => {
      if (error !== null && error !== undefined) return failed(error);
      found(typeof addresses === "string" ? [{ address: addresses, family: family ?? 0 }] : addresses);
    });
  });
}

function connected(destination: TcpNetConnectOpts | IpcNetConnectOpts, signal: AbortSignal): Promise<Socket> {
  const socket = connect({ ...destination, allowHalfOpen: true, noDelay: true });
  return new Promise((resolve, reject) => {
    const abort = () => {
      socket.destroy();
      reject(signal.reason);
    };
    signal.addEventListener("abort", abort, { once: true });
    // Stays: whatever befalls a socket that lost the race concerns nobody.
    socket.on("error", reject);
    socket.once("close", () => signal.removeEventListener("abort", abort));
    socket.once("connect", () => {
      signal.removeEventListener("abort", abort);
      resolve(socket);
    });
  });
}
