// Clients that reach their server by themselves: what the `connect` and `createPool` of adapters with sockets have in common.

import { openClient, type SmtpClient } from "./client.ts";
import type { ClientOptions } from "./client-options.ts";
import { systemClock } from "./clock.ts";
import type { Compute } from "./compute.ts";
import { authenticationAt, checkPort, portOf, type Destination } from "./destination.ts";
import { Pool, type PoolOptions } from "./pool.ts";
import type { Transport } from "./transport.ts";

export interface DialOptions extends ClientOptions, Destination {
  /** Milliseconds to reach the server, TLS included where it comes first. Default: 60,000. */
  readonly connectTimeout?: number;
  /** Milliseconds for one address before the next is tried as well. Default: 250. */
  readonly attemptTimeout?: number;
  /** Whether the system probes a connection without traffic. Default: yes. */
  readonly keepAlive?: boolean;
}

/** Where a connection is to go, with nothing left out. */
export interface Goal {
  readonly host: string;
  readonly port: number;
  /** Unix socket instead of host and port. */
  readonly path: string | undefined;
  /** Milliseconds before the next address is tried as well. */
  readonly attemptDelay: number;
  readonly keepAlive: boolean;
  readonly signal: AbortSignal;
}

/** What an adapter brings. `Tls`: this side's TLS, made once for all connections of a pool. */
export interface Dialing<Options extends DialOptions, Tls> {
  readonly compute: Compute;
  /** Throws `TypeError` for what the runtime cannot keep. */
  readonly tls: (options: Options) => Tls;
  /** Reaches the server, `implicitTls` included. Rejects with the signal's reason once it is aborted; no connection is left then. */
  readonly reach: (goal: Goal, tls: Tls, options: Options) => Promise<Transport>;
}

const defaultConnectTimeout = 60_000;
const defaultAttemptTimeout = 250;

export class Dialer<Options extends DialOptions, Tls> {
  readonly #dialing: Dialing<Options, Tls>;

  constructor(dialing: Dialing<Options, Tls>) {
    this.#dialing = dialing;
  }

  /**
   * Connects and opens a session. Rejects with `TypeError` for LMTP to port 25, with the system's error where the server cannot be
   * reached (`ETIMEDOUT` after `connectTimeout`), `SmtpError` where the session could not be opened, or the signal's reason. No
   * connection is left then.
   */
  async connect(options: Options): Promise<SmtpClient> {
    checkPort(options);
    return this.#open(options, this.#dialing.tls(options), options.signal);
  }

  /** A pool of such sessions. Throws `TypeError` for LMTP to port 25. */
  createPool(options: Options & Omit<PoolOptions, "connect">): Pool {
    checkPort(options);
    const tls = this.#dialing.tls(options);
    const connect = (signal: AbortSignal) =>
      this.#open(options, tls, options.signal === undefined ? signal : AbortSignal.any([options.signal, signal]));
    return new Pool({ ...options, connect });
  }

  async #open(options: Options, tls: Tls, signal: AbortSignal | undefined): Promise<SmtpClient> {
    signal?.throwIfAborted();
    const transport = await this.#reachInTime(options, tls, signal);
    const { compute } = this.#dialing;
    return openClient(transport, { compute, ...options, ...authenticationAt(options), ...(signal && { signal }) });
  }

  async #reachInTime(options: Options, tls: Tls, signal: AbortSignal | undefined): Promise<Transport> {
    const { connectTimeout = defaultConnectTimeout } = options;
    const giveUp = new AbortController();
    const abort = () => giveUp.abort(signal?.reason);
    const cancelTimeout = systemClock.after(connectTimeout, () => giveUp.abort(timedOut(options, connectTimeout)));
    signal?.addEventListener("abort", abort, { once: true });
    try {
      return await this.#dialing.reach(goal(options, giveUp.signal), tls, options);
    } finally {
      cancelTimeout();
      signal?.removeEventListener("abort", abort);
    }
  }
}

function goal(options: DialOptions, signal: AbortSignal): Goal {
  const { host = "localhost", path, attemptTimeout: attemptDelay = defaultAttemptTimeout, keepAlive = true } = options;
  return { host, port: portOf(options), path, attemptDelay, keepAlive, signal };
}

function timedOut(options: DialOptions, milliseconds: number): Error {
  const where = options.path ?? `${options.host ?? "localhost"} port ${portOf(options)}`;
  return Object.assign(new Error(`${where} was not reached within ${milliseconds} ms`), { code: "ETIMEDOUT" });
}
