// SMTP clients on Node's sockets.

import { connect as connectSocket, type Socket } from "node:net";
import { openClient, Pool, type ClientOptions, type PoolOptions, type SmtpClient } from "@carteiro/driver";
import { clientTls, type ClientTlsOptions, type Tls } from "./tls.ts";
import { nodeTransport, secureNodeTransport } from "./transport.ts";

export interface ConnectOptions extends ClientOptions {
  /** Name or address of the server. Default: `localhost`. All its addresses are tried, IPv6 and IPv4 in turn (RFC 8305). */
  readonly host?: string;
  /** Default: 465 with `implicitTls`, 587 with `auth`, else 25. */
  readonly port?: number;
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
}

/**
 * Connects and opens a session. Rejects with the system's error where the server cannot be reached, `SmtpError` where
 * the session could not be opened, or the signal's reason.
 */
export async function connect(options: ConnectOptions = {}): Promise<SmtpClient> {
  const tls = clientTlsOf(options);
  const socket = await reach(options);
  if (options.implicitTls !== true) return openClient(nodeTransport(socket, { tls }), options);
  return openClient(await within(options, socket, secureNodeTransport(socket, tls)), options);
}

/** A pool of such sessions; see `Pool`. */
export function createPool(options: ConnectOptions & Omit<PoolOptions, "connect">): Pool {
  return new Pool({ ...options, connect: () => connect(options) });
}

function clientTlsOf({ host, path, implicitTls, startTls, auth, tls }: ConnectOptions): Tls {
  const opportunistic =
    implicitTls !== true && (startTls ?? (auth === undefined ? "opportunistic" : "required")) === "opportunistic";
  const serverName = path === undefined ? (host ?? "localhost") : undefined;
  return clientTls({ rejectUnauthorized: !opportunistic, ...(serverName !== undefined && { serverName }), ...tls });
}

const defaultConnectTimeout = 60_000;
const defaultAttemptTimeout = 250;

async function reach(options: ConnectOptions): Promise<Socket> {
  options.signal?.throwIfAborted();
  const socket = connectSocket({
    ...(options.path === undefined
      ? { host: options.host ?? "localhost", port: portOf(options) }
      : { path: options.path }),
    allowHalfOpen: true,
    keepAlive: true,
    noDelay: true,
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: options.attemptTimeout ?? defaultAttemptTimeout,
  });
  await within(
    options,
    socket,
    new Promise((resolve, reject) => {
      socket.once("connect", resolve);
      socket.once("error", reject);
      socket.once("close", () => reject(new Error("The connection was closed before it was open")));
    }),
  );
  return socket;
}

/** The outcome, or the end of the socket when it takes too long or is not wanted any more. */
async function within<Result>(options: ConnectOptions, socket: Socket, outcome: Promise<Result>): Promise<Result> {
  const { signal, connectTimeout = defaultConnectTimeout } = options;
  const { promise: givenUp, reject } = Promise.withResolvers<never>();
  const abort = () => reject(signal?.reason);
  const timer = setTimeout(
    () => reject(new Error(`The server was not reached within ${connectTimeout} ms`)),
    connectTimeout,
  );
  signal?.addEventListener("abort", abort, { once: true });
  try {
    return await Promise.race([outcome, givenUp]);
  } catch (error) {
    socket.on("error", () => undefined);
    socket.destroy();
    throw error;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", abort);
  }
}

function portOf({ port, implicitTls, auth }: ConnectOptions): number {
  if (port !== undefined) return port;
  if (implicitTls === true) return 465;
  return auth === undefined ? 25 : 587;
}
