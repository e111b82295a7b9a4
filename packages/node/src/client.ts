// SMTP clients on Node's sockets.

import type { LookupFunction } from "node:net";
import {
  authenticationAt,
  checkPort,
  openClient,
  Pool,
  portOf,
  startTlsWith,
  systemClock,
  type ClientOptions,
  type PoolOptions,
  type SmtpClient,
  type Transport,
} from "@carteiro/driver";
import { nodeCompute } from "./compute.ts";
import { dial } from "./dial.ts";
import { features } from "./features.ts";
import { clientTls, type ClientTlsOptions, type Tls } from "./tls.ts";
import { nodeTransport, secureNodeTransport } from "./transport.ts";

export interface ConnectOptions extends ClientOptions {
  /** Name or address of the server. Default: `localhost`. All its addresses are tried, IPv6 and IPv4 in turn (RFC 8305). */
  readonly host?: string;
  /** Default: 24 for LMTP, 465 with `implicitTls`, 587 with `auth`, else 25. */
  readonly port?: number;
  /** Speaks LMTP to port 25 all the same, where SMTP is at home and LMTP must not be (RFC 2033 §5). Default: no. */
  readonly allowPort25?: boolean;
  /** Unix socket instead of host and port. */
  readonly path?: string;
  /** Whether the connection begins with TLS (RFC 8314). Default: no. */
  readonly implicitTls?: boolean;
  /**
   * Trusted authorities and the name to verify, for STARTTLS and implicit TLS. The certificate must be good, but for
   * `startTls: "opportunistic"`, where TLS with anybody is better than none.
   */
  readonly tls?: ClientTlsOptions;
  /** Milliseconds to reach the server, TLS included where it comes first. Default: 60,000. */
  readonly connectTimeout?: number;
  /** Milliseconds for one address before the next is tried as well. Default: 250. */
  readonly attemptTimeout?: number;
  /** Whether the system probes a connection without traffic. Default: yes. */
  readonly keepAlive?: boolean;
  /** Finds the addresses of `host`. Default: `lookup` of `node:dns`. */
  readonly lookup?: LookupFunction;
}

const defaultConnectTimeout = 60_000;
const defaultAttemptTimeout = 250;

/**
 * Connects and opens a session. Rejects with `TypeError` for LMTP to port 25, with the system's error where the server cannot be reached (`ETIMEDOUT` after
 * `connectTimeout`), `SmtpError` where the session could not be opened, or the signal's reason. No socket is left then.
 */
export async function connect(options: ConnectOptions = {}): Promise<SmtpClient> {
  checkPort(options);
  return open(options, clientTlsOf(options));
}

/** A pool of such sessions; see `Pool`. Throws `TypeError` for LMTP to port 25. */
export function createPool(options: ConnectOptions & Omit<PoolOptions, "connect">): Pool {
  checkPort(options);
  const tls = clientTlsOf(options);
  const connectWith = (signal: AbortSignal) =>
    open(
      { ...options, signal: options.signal === undefined ? signal : AbortSignal.any([options.signal, signal]) },
      tls,
    );
  return new Pool({ ...options, connect: connectWith });
}

async function open(options: ConnectOptions, tls: Tls): Promise<SmtpClient> {
  options.signal?.throwIfAborted();
  const transport = await reachInTime(options, tls);
  return openClient(transport, { compute: nodeCompute, ...options, ...authenticationAt(options) });
}

function clientTlsOf(options: ConnectOptions): Tls {
  const { host, path, implicitTls, tls } = options;
  const opportunistic = implicitTls !== true && startTlsWith(features, options) === "opportunistic";
  const serverName = path === undefined ? (host ?? "localhost") : undefined;
  // Who names authorities or a server means them to be checked.
  const anybody = opportunistic && tls?.ca === undefined && tls?.serverName === undefined;
  return clientTls({ rejectUnauthorized: !anybody, ...(serverName !== undefined && { serverName }), ...tls });
}

async function reachInTime(options: ConnectOptions, tls: Tls): Promise<Transport> {
  const { signal, connectTimeout = defaultConnectTimeout } = options;
  const giveUp = new AbortController();
  const abort = () => giveUp.abort(signal?.reason);
  const cancelTimeout = systemClock.after(connectTimeout, () => giveUp.abort(timedOut(options, connectTimeout)));
  signal?.addEventListener("abort", abort, { once: true });
  try {
    return await reach(options, tls, giveUp.signal);
  } finally {
    cancelTimeout();
    signal?.removeEventListener("abort", abort);
  }
}

async function reach(options: ConnectOptions, tls: Tls, signal: AbortSignal): Promise<Transport> {
  const { host = "localhost", attemptTimeout: attemptDelay = defaultAttemptTimeout, keepAlive = true } = options;
  const { path, lookup } = options;
  const socket = await dial({ host, port: portOf(options), path, attemptDelay, keepAlive, lookup, signal });
  if (options.implicitTls !== true) return nodeTransport(socket, { tls });
  const abort = () => socket.destroy();
  signal.addEventListener("abort", abort, { once: true });
  try {
    return await secureNodeTransport(socket, tls);
  } catch (error) {
    throw signal.aborted ? signal.reason : error;
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

function timedOut(options: ConnectOptions, milliseconds: number): Error {
  const where = options.path ?? `${options.host ?? "localhost"} port ${portOf(options)}`;
  return Object.assign(new Error(`${where} was not reached within ${milliseconds} ms`), { code: "ETIMEDOUT" });
}
