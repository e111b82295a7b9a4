// SMTP servers on Bun's listeners.

import {
  ListeningServer,
  type Arrival,
  type Doorkeeper,
  type Listener,
  type ListenOptions,
  type ServerOptions,
} from "@carteiro/driver";
import { dnsResolver, nodeCompute } from "@carteiro/node";
import type { SocketHandler, TCPSocketListener } from "bun";
import { serverTls, type ServerTlsOptions, type Tls } from "./tls.ts";
import { BunTransport, secured, socketHandlers, type BunSocket, type SocketOwner } from "./transport.ts";

export interface BunServerOptions extends ServerOptions {
  /** Key and certificate. With them STARTTLS is offered, and `implicitTls` listeners are possible. */
  readonly tls?: ServerTlsOptions;
}

/** Makes a server; `listen` starts it. Throws for options that make no sense, naming the one. */
export function createServer(options: BunServerOptions): BunServer {
  return new BunServer(options);
}

export class BunServer extends ListeningServer<ListenOptions> {
  constructor(options: BunServerOptions) {
    const tls = options.tls && serverTls(options.tls);
    super(options, {
      tls: tls !== undefined,
      resolver: dnsResolver(),
      compute: nodeCompute,
      listen: (where, doorkeeper) => listen(where, tls, doorkeeper),
    });
  }
}

function listen(options: ListenOptions, tls: Tls | undefined, doorkeeper: Doorkeeper): Listener {
  const { keepAlive = true, path, implicitTls = false, proxy } = options;
  if (implicitTls && proxy !== undefined)
    throw new TypeError(
      "implicitTls with proxy: Bun cannot begin TLS with octets read already; @carteiro/node in Bun can",
    );
  const socket: SocketHandler<SocketOwner | undefined> = {
    ...socketHandlers,
    open: (opened) => doorkeeper.arrived(arrivalOf(opened, tls, keepAlive)),
  };
  if (path !== undefined) {
    const listener = Bun.listen<SocketOwner | undefined>({ unix: path, allowHalfOpen: true, data: undefined, socket });
    return { address: path, port: 0, close: () => listener.stop() };
  }
  const listener = listenerAt(options, socket);
  return { address: listener.hostname, port: listener.port, close: () => listener.stop() };
}

/** Throws the system's error. Without a host: all addresses, where the system has IPv6 those too. */
function listenerAt(
  { port = 0, host }: ListenOptions,
  socket: SocketHandler<SocketOwner | undefined>,
): TCPSocketListener<SocketOwner | undefined> {
  const listenOn = (hostname: string) =>
    Bun.listen<SocketOwner | undefined>({ hostname, port, allowHalfOpen: true, data: undefined, socket });
  if (host !== undefined) return listenOn(host);
  try {
    return listenOn("::");
  } catch (error) {
    if ((error as { readonly code?: string }).code === "EADDRINUSE") throw error;
    return listenOn("0.0.0.0");
  }
}

function arrivalOf(socket: BunSocket, tls: Tls | undefined, keepAlive: boolean): Arrival {
  const transport = new BunTransport(socket, tls);
  if (keepAlive) socket.setKeepAlive(true);
  return {
    remote: transport.remote,
    open: () => transport,
    ...(tls && { secure: () => secured(transport) }),
    destroy: () => transport.destroy(),
  };
}
