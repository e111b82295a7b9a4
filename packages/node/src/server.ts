// SMTP servers on Node's sockets.

import { createServer as createSocketServer, type AddressInfo, type Server } from "node:net";
import {
  ListeningServer,
  type Doorkeeper,
  type ListenOptions as AnyListenOptions,
  type Listener,
  type ServerOptions,
} from "@carteiro/driver";
import { SocketArrival, takeHandles } from "./arrivals.ts";
import { nodeCompute } from "./compute.ts";
import { dnsResolver } from "./resolver.ts";
import { serverTls, type ServerTlsOptions, type Tls } from "./tls.ts";

export interface NodeServerOptions extends ServerOptions {
  /** Key and certificate. With them STARTTLS is offered, and `implicitTls` listeners are possible. */
  readonly tls?: ServerTlsOptions;
}

export interface ListenOptions extends AnyListenOptions {
  /** Connections not yet accepted that the system keeps. */
  readonly backlog?: number;
}

/** Makes a server; `listen` starts it. Throws for options that make no sense, naming the one. */
export function createServer(options: NodeServerOptions): NodeServer {
  return new NodeServer(options);
}

export class NodeServer extends ListeningServer<ListenOptions> {
  constructor(options: NodeServerOptions) {
    const tls = options.tls && serverTls(options.tls);
    super(options, {
      tls: tls !== undefined,
      resolver: dnsResolver(),
      compute: nodeCompute,
      listen: (where, doorkeeper, signal) => listen(where, tls, doorkeeper, signal),
    });
  }
}

async function listen(
  options: ListenOptions,
  tls: Tls | undefined,
  doorkeeper: Doorkeeper,
  signal: AbortSignal,
): Promise<Listener> {
  const { keepAlive = true } = options;
  const listener = createSocketServer({ allowHalfOpen: true, keepAlive, noDelay: true }, (socket) =>
    doorkeeper.arrived(new SocketArrival(socket, tls)),
  );
  try {
    await listening(listener, options, signal);
  } catch (error) {
    // Looking up the host may still be under way.
    listener.on("error", () => undefined).on("listening", () => listener.close());
    listener.close();
    throw error;
  }
  listener.on("error", (error) => doorkeeper.failed(error));
  takeHandles(listener, { keepAlive, tls }, (arrival) => doorkeeper.arrived(arrival));
  return { ...addressOf(listener), close: () => new Promise((resolve) => listener.close(() => resolve())) };
}

async function listening(listener: Server, options: ListenOptions, signal: AbortSignal): Promise<void> {
  const { port = 0, host, path, backlog } = options;
  const where = path === undefined ? { port, ...(host !== undefined && { host }) } : { path };
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const abort = () => reject(signal.reason);
  listener.once("error", reject);
  signal.addEventListener("abort", abort, { once: true });
  listener.listen({ ...where, ...(backlog !== undefined && { backlog }) }, resolve);
  try {
    await promise;
    signal.throwIfAborted();
  } finally {
    listener.off("error", reject);
    signal.removeEventListener("abort", abort);
  }
}

function addressOf(listener: Server): { readonly address: string; readonly port: number } {
  const bound = listener.address() as AddressInfo | string;
  return typeof bound === "string" ? { address: bound, port: 0 } : { address: bound.address, port: bound.port };
}
