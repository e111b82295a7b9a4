// SMTP clients on Node's sockets.

import type { LookupFunction } from "node:net";
import {
  Dialer,
  verificationWith,
  type DialOptions,
  type Goal,
  type Pool,
  type PoolOptions,
  type SmtpClient,
  type Transport,
} from "@carteiro/driver";
import { nodeCompute } from "./compute.ts";
import { dial } from "./dial.ts";
import { features } from "./features.ts";
import { clientTls, type ClientTlsOptions, type Tls } from "./tls.ts";
import { nodeTransport, secureNodeTransport } from "./transport.ts";

export interface ConnectOptions extends DialOptions {
  /**
   * Trusted authorities and the name to verify, for STARTTLS and implicit TLS. The certificate must be good, but for
   * `startTls: "opportunistic"`, where TLS with anybody is better than none.
   */
  readonly tls?: ClientTlsOptions;
  /** Finds the addresses of `host`. Default: `lookup` of `node:dns`. */
  readonly lookup?: LookupFunction;
}

const dialer = new Dialer<ConnectOptions, Tls>({
  compute: nodeCompute,
  tls: (options) => clientTls({ ...verificationWith(features, options), ...options.tls }),
  reach,
});

/**
 * Connects and opens a session. Rejects with `TypeError` for LMTP to port 25, with the system's error where the server cannot be reached (`ETIMEDOUT` after
 * `connectTimeout`), `SmtpError` where the session could not be opened, or the signal's reason. No socket is left then.
 */
export async function connect(options: ConnectOptions = {}): Promise<SmtpClient> {
  return dialer.connect(options);
}

/** A pool of such sessions; see `Pool`. Throws `TypeError` for LMTP to port 25. */
export function createPool(options: ConnectOptions & Omit<PoolOptions, "connect">): Pool {
  return dialer.createPool(options);
}

async function reach(goal: Goal, tls: Tls, { lookup, implicitTls = false }: ConnectOptions): Promise<Transport> {
  const { signal } = goal;
  const socket = await dial(goal, lookup);
  if (!implicitTls) return nodeTransport(socket, { tls });
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
