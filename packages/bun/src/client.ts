// SMTP clients on Bun's sockets.

import {
  Dialer,
  verificationWith,
  type DialOptions,
  type Pool,
  type PoolOptions,
  type SmtpClient,
} from "@carteiro/driver";
import { nodeCompute } from "@carteiro/node";
import { dial } from "./dial.ts";
import { features } from "./features.ts";
import { clientTls, type ClientTlsOptions, type Tls } from "./tls.ts";
import { secured } from "./transport.ts";

export interface ConnectOptions extends DialOptions {
  /**
   * Trusted authorities and the name to verify, for STARTTLS and implicit TLS. The certificate must be good, but for
   * `startTls: "opportunistic"`, where TLS with anybody is better than none.
   */
  readonly tls?: ClientTlsOptions;
}

const dialer = new Dialer<ConnectOptions, Tls>({
  compute: nodeCompute,
  tls: (options) => clientTls({ ...verificationWith(features, options), ...options.tls }),
  async reach(goal, tls, { implicitTls = false }) {
    const transport = await dial(goal, tls);
    return implicitTls ? secured(transport, goal.signal) : transport;
  },
});

/**
 * Connects and opens a session. Rejects with `TypeError` for LMTP to port 25, with the system's error where the server cannot be
 * reached (`ETIMEDOUT` after `connectTimeout`), `SmtpError` where the session could not be opened, or the signal's reason. No
 * connection is left then.
 */
export async function connect(options: ConnectOptions = {}): Promise<SmtpClient> {
  return dialer.connect(options);
}

/** A pool of such sessions; see `Pool`. Throws `TypeError` for LMTP to port 25. */
export function createPool(options: ConnectOptions & Omit<PoolOptions, "connect">): Pool {
  return dialer.createPool(options);
}
