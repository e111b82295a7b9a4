// SMTP clients on Deno's connections.

import {
  Dialer,
  verificationWith,
  type DialOptions,
  type Pool,
  type PoolOptions,
  type SmtpClient,
} from "@carteiro/driver";
import { denoCompute } from "./compute.ts";
import { dial } from "./dial.ts";
import { features } from "./features.ts";
import { clientTls, type ClientTlsOptions, type Tls } from "./tls.ts";
import { denoTransport, secureDenoTransport } from "./transport.ts";

export interface ConnectOptions extends DialOptions {
  /**
   * Trusted authorities and the name to verify, for STARTTLS and implicit TLS. The certificate must be good, with
   * `startTls: "opportunistic"` too: Deno verifies every one. To go on in the clear, say `startTls: "never"`.
   */
  readonly tls?: ClientTlsOptions;
}

const dialer = new Dialer<ConnectOptions, Tls>({
  compute: denoCompute,
  tls: (options) => clientTls(options.tls, verificationWith(features, options).serverName),
  async reach(goal, tls, { implicitTls = false }) {
    const conn = await dial(goal);
    return implicitTls ? secureDenoTransport(conn, tls, goal.signal) : denoTransport(conn, { tls });
  },
});

/**
 * Connects and opens a session. Rejects with `TypeError` for LMTP to port 25 and for `tls.rejectUnauthorized: false`, with the system's error where the server cannot be reached (`ETIMEDOUT` after
 * `connectTimeout`), `SmtpError` where the session could not be opened, or the signal's reason. No connection is left then.
 */
export async function connect(options: ConnectOptions = {}): Promise<SmtpClient> {
  return dialer.connect(options);
}

/** A pool of such sessions; see `Pool`. Throws `TypeError` as `connect` does. */
export function createPool(options: ConnectOptions & Omit<PoolOptions, "connect">): Pool {
  return dialer.createPool(options);
}
