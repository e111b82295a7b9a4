// SMTP servers on Deno's listeners.

import {
  ListeningServer,
  systemClock,
  type Arrival,
  type Doorkeeper,
  type ListenOptions as AnyListenOptions,
  type Listener,
  type ServerOptions,
} from "@carteiro/driver";
import { addressOf } from "./address.ts";
import { denoCompute } from "./compute.ts";
import { dnsResolver } from "./resolver.ts";
import { denoTransport, secureDenoTransport } from "./transport.ts";
import { serverTls, type ServerTlsOptions, type Tls } from "./tls.ts";

export interface DenoServerOptions extends ServerOptions {
  /** Key and certificate. With them STARTTLS is offered, and `implicitTls` listeners are possible. */
  readonly tls?: ServerTlsOptions;
}

export interface ListenOptions extends AnyListenOptions {
  /** Connections not yet accepted that the system keeps. */
  readonly backlog?: number;
}

/** Milliseconds before the next connection is accepted after one could not be. */
const pauseAfterFailure = 100;

/** Makes a server; `listen` starts it. Throws for options that make no sense, naming the one. */
export function createServer(options: DenoServerOptions): DenoServer {
  return new DenoServer(options);
}

export class DenoServer extends ListeningServer<ListenOptions> {
  constructor(options: DenoServerOptions) {
    const tls = options.tls && serverTls(options.tls);
    super(options, {
      tls: tls !== undefined,
      resolver: dnsResolver(),
      compute: denoCompute,
      listen: (where, doorkeeper) => listen(where, tls, doorkeeper),
    });
  }
}

function listen(options: ListenOptions, tls: Tls | undefined, doorkeeper: Doorkeeper): Listener {
  const { keepAlive = true } = options;
  const listener = listenerAt(options);
  const end = new AbortController();
  const take = (conn: Deno.Conn) => {
    if (conn.remoteAddr.transport === "tcp") prepare(conn as Deno.TcpConn, keepAlive);
    doorkeeper.arrived(arrivalOf(conn, tls));
  };
  const accepting = acceptAll(listener, take, doorkeeper, end.signal);
  const close = async () => {
    end.abort();
    listener.close();
    // Until the last `accept` has settled the port is not free.
    await accepting;
  };
  return { ...boundAddress(listener), close };
}

async function acceptAll(
  listener: Deno.Listener,
  take: (conn: Deno.Conn) => void,
  doorkeeper: Doorkeeper,
  end: AbortSignal,
): Promise<void> {
  for (;;) {
    try {
      take(await listener.accept());
    } catch (error) {
      if (end.aborted) return;
      // Too many open files, for example: that may pass.
      doorkeeper.failed(error);
      await pause(pauseAfterFailure);
      if (end.aborted) return;
    }
  }
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => void systemClock.after(milliseconds, resolve));
}

function arrivalOf(conn: Deno.Conn, tls: Tls | undefined): Arrival {
  const end = new AbortController();
  return {
    remote: addressOf(conn.remoteAddr),
    open: () => denoTransport(conn, tls && { tls }),
    ...(tls && { secure: () => secureDenoTransport(conn, tls, end.signal) }),
    destroy() {
      end.abort();
      shut(conn);
    },
  };
}

/** More than once, too. */
function shut(conn: Deno.Conn): void {
  try {
    conn.close();
  } catch {
    // It is closed already.
  }
}

/** Throws the system's error. */
function listenerAt({ port = 0, host, path, backlog }: ListenOptions): Deno.Listener {
  if (path !== undefined) return Deno.listen({ transport: "unix", path });
  const listenOn = (hostname: string) =>
    Deno.listen({ port, hostname, ...(backlog !== undefined && { tcpBacklog: backlog }) });
  if (host !== undefined) return listenOn(host);
  try {
    return listenOn("::");
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) throw error;
    return listenOn("0.0.0.0");
  }
}

function boundAddress({ addr }: Deno.Listener): { readonly address: string; readonly port: number } {
  if (addr.transport === "unix") return { address: addr.path, port: 0 };
  const { hostname, port } = addr as Deno.NetAddr;
  return { address: hostname, port };
}

function prepare(conn: Deno.TcpConn, keepAlive: boolean): void {
  try {
    conn.setNoDelay();
    conn.setKeepAlive(keepAlive);
  } catch {
    // The client has gone already: that shows at the first read.
  }
}
