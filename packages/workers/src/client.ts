// SMTP clients on the sockets of Workers.

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
import { connect as openSocket } from "cloudflare:sockets";
import { features } from "./features.ts";
import type { WorkersSocket } from "./socket.ts";
import { socketTransport } from "./transport.ts";

export interface ConnectOptions extends ClientOptions {
  /** Name or address of the server, and the name that its certificate must have: the runtime verifies it, always. */
  readonly host: string;
  /** Default: 24 for LMTP, 465 with `implicitTls`, 587 with `auth`, else 25, which Cloudflare does not let out. */
  readonly port?: number;
  /** Speaks LMTP to port 25 all the same, where SMTP is at home and LMTP must not be (RFC 2033 §5). Default: no. */
  readonly allowPort25?: boolean;
  /** Whether the connection begins with TLS (RFC 8314). Default: no. */
  readonly implicitTls?: boolean;
  /** Milliseconds to reach the server, TLS included where it comes first. Default: 60,000. */
  readonly connectTimeout?: number;
}

const defaultConnectTimeout = 60_000;

/**
 * Connects and opens a session, which lasts as long as the request or the Durable Object that it was opened in. Rejects with
 * `TypeError` for LMTP to port 25, an error where the server cannot be reached (`code` is `ETIMEDOUT` after `connectTimeout`),
 * `SmtpError` where the session could not be opened, or the signal's reason. No socket is left then.
 */
export async function connect(options: ConnectOptions): Promise<SmtpClient> {
  checkPort(options);
  const { signal } = options;
  const startTls = startTlsWith(features, options);
  signal?.throwIfAborted();
  const transport = await reach(options);
  return openClient(transport, { ...options, startTls, ...authenticationAt(options) });
}

/**
 * A pool of such sessions; see `Pool`. It lives in one request, or in one Durable Object: the runtime lets no request use what
 * another has opened. Throws `TypeError` for LMTP to port 25.
 */
export function createPool(options: ConnectOptions & Omit<PoolOptions, "connect">): Pool {
  checkPort(options);
  const connectWith = (signal: AbortSignal) =>
    connect({ ...options, signal: options.signal === undefined ? signal : AbortSignal.any([options.signal, signal]) });
  return new Pool({ ...options, connect: connectWith });
}

async function reach(options: ConnectOptions): Promise<Transport> {
  const { host, implicitTls = false, connectTimeout = defaultConnectTimeout, signal } = options;
  const port = portOf(options);
  const where = `${host} port ${port}`;
  const socket: WorkersSocket = openSocket(
    { hostname: host, port },
    { allowHalfOpen: true, secureTransport: implicitTls ? "on" : "starttls" },
  );
  socket.closed.catch(() => undefined);
  const { promise: givenUp, reject: giveUp } = Promise.withResolvers<never>();
  const timedOut = () => giveUp(withCode("ETIMEDOUT", `${where} was not reached within ${connectTimeout} ms`));
  const abort = () => giveUp(signal?.reason);
  const cancelTimeout = systemClock.after(connectTimeout, timedOut);
  signal?.addEventListener("abort", abort, { once: true });
  try {
    await Promise.race([opened(socket, where, implicitTls), givenUp]);
    // The runtime has verified the certificate by the time that anything can be read under TLS.
    return socketTransport(socket, { tls: { authorized: true } });
  } catch (error) {
    socket.close().catch(() => undefined);
    throw error;
  } finally {
    cancelTimeout();
    signal?.removeEventListener("abort", abort);
  }
}

async function opened(socket: WorkersSocket, where: string, implicitTls: boolean): Promise<void> {
  try {
    await socket.opened;
  } catch (cause) {
    const why = implicitTls ? "there is no such server, or its certificate is not accepted" : "there is no such server";
    throw new Error(`${where} was not reached: ${why}`, { cause });
  }
}

function withCode(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}
