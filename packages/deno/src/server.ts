// SMTP servers on Deno's listeners.

import { networks, SmtpServer, systemClock, type ServerEvents, type ServerOptions } from "@carteiro/driver";
import { defaultServerTimeouts } from "@carteiro/core";
import { plainAddress } from "./address.ts";
import { denoCompute } from "./compute.ts";
import { features } from "./features.ts";
import { dnsResolver } from "./resolver.ts";
import { denoTransport, secureDenoTransport } from "./transport.ts";
import { serverTls, type ServerTlsOptions, type Tls } from "./tls.ts";

export interface DenoServerOptions extends ServerOptions {
  /** Key and certificate. With them STARTTLS is offered, and `implicitTls` listeners are possible. */
  readonly tls?: ServerTlsOptions;
}

export interface ListenOptions {
  /** TCP port; 0 picks a free one. */
  readonly port?: number;
  /** Lets an LMTP server listen on port 25, where RFC 2033 §5 forbids it: clients there speak SMTP. Default: no. */
  readonly allowPort25?: boolean;
  /** Address to listen on. Default: all, IPv6 and IPv4. */
  readonly host?: string;
  /** Unix socket instead of TCP. */
  readonly path?: string;
  /** Whether connections begin with TLS (port 465, RFC 8314). Default: no. */
  readonly implicitTls?: boolean;
  /**
   * The proxies that connections come by (HAProxy's PROXY protocol, version 1 or 2): each begins with their header, before the
   * greeting and before implicit TLS. Connections from other addresses are closed at once. On a Unix socket everybody who may
   * connect is taken for a proxy.
   */
  readonly proxy?: {
    /** Addresses and CIDR blocks. */
    readonly from: readonly string[];
  };
  /** Connections not yet accepted that the system keeps. */
  readonly backlog?: number;
  /** Whether the system probes connections without traffic. Default: yes. */
  readonly keepAlive?: boolean;
  /** Aborted before, `listen` rejects with its reason. */
  readonly signal?: AbortSignal;
}

type IsProxy = (address: string | undefined) => boolean;

const smtpPort = 25;
/** Milliseconds before the next connection is accepted after one could not be. */
const pauseAfterFailure = 100;

/** Makes a server; `listen` starts it. Throws for options that make no sense, naming the one. */
export function createServer(options: DenoServerOptions): DenoServer {
  return new DenoServer(options);
}

export class DenoServer {
  readonly #server: SmtpServer;
  readonly #tls: Tls | undefined;
  readonly #lmtp: boolean;
  readonly #tlsTimeout: number;
  readonly #listeners = new Set<Deno.Listener>();
  /** Connections whose TLS handshake comes before everything else. */
  #handshakes = 0;
  readonly #end = new AbortController();

  constructor(options: DenoServerOptions) {
    this.#tls = options.tls === undefined ? undefined : serverTls(options.tls);
    this.#lmtp = options.protocol === "lmtp";
    this.#tlsTimeout = options.timeouts?.tls ?? defaultServerTimeouts.tls;
    this.#server = new SmtpServer(options, {
      startTls: features.serverStartTls && this.#tls !== undefined,
      resolver: dnsResolver(),
      compute: denoCompute,
    });
  }

  /** Calls the listener at every event of that name; the function returned ends it. */
  on<Name extends keyof ServerEvents>(name: Name, listener: (event: ServerEvents[Name]) => void): () => void {
    return this.#server.on(name, listener);
  }

  /** Connections now open, those included that are being refused or are in a TLS handshake before the session. */
  get connections(): number {
    return this.#server.connections + this.#handshakes;
  }

  /**
   * Listens on one more port or Unix socket; resolves with the address in use (a Unix socket has port 0). Rejects with
   * the system's error, for example where the port is taken, the signal's reason, `TypeError` for `implicitTls` without
   * `tls` and for LMTP on port 25, or `InvalidValueError` for a proxy's network that is none.
   */
  async listen(options: ListenOptions): Promise<{ readonly address: string; readonly port: number }> {
    const { implicitTls = false, keepAlive = true, signal, proxy } = options;
    if (proxy?.from.length === 0 && options.path === undefined)
      throw new TypeError("proxy.from is empty: name the addresses of the proxies, or nobody can connect");
    const isProxy = proxy && (options.path === undefined ? networks(proxy.from) : () => true);
    if (implicitTls && this.#tls === undefined)
      throw new TypeError("implicitTls without tls: give key and cert to createServer");
    if (this.#lmtp && options.port === smtpPort && options.allowPort25 !== true)
      throw new TypeError("LMTP on port 25: choose another port, since clients there speak SMTP (RFC 2033 section 5)");
    this.#end.signal.throwIfAborted();
    signal?.throwIfAborted();
    const listener = listenerAt(options);
    this.#listeners.add(listener);
    void this.#acceptAll(listener, (conn) => {
      if (conn.remoteAddr.transport === "tcp") prepare(conn as Deno.TcpConn, keepAlive);
      void this.#serve(conn, implicitTls, isProxy);
    });
    return addressOf(listener);
  }

  /**
   * Stops gracefully: no new connections; sessions without a transaction are closed with 421, the others after theirs.
   * Settles once all are closed. Once the signal is aborted the rest is closed as by `destroy`; without one the
   * transactions have until their own timeouts.
   */
  async close(options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    this.#stopListening();
    await this.#server.close(options);
  }

  /** Stops at once, with a 421 where it can still be said; what was not acknowledged is not kept. */
  async destroy(): Promise<void> {
    this.#stopListening();
    await this.#server.destroy();
  }

  /** As `close` does. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #stopListening(): void {
    this.#end.abort(new Error("The server is closed: make another"));
    for (const listener of this.#listeners) listener.close();
    this.#listeners.clear();
  }

  async #acceptAll(listener: Deno.Listener, take: (conn: Deno.Conn) => void): Promise<void> {
    for (;;) {
      try {
        take(await listener.accept());
      } catch (error) {
        if (this.#end.signal.aborted) return;
        // Too many open files, for example: that may pass.
        this.#server.report(error);
        await new Promise<void>((resolve) => void systemClock.after(pauseAfterFailure, resolve));
      }
    }
  }

  async #serve(conn: Deno.Conn, implicitTls: boolean, isProxy: IsProxy | undefined): Promise<void> {
    const proxied = isProxy !== undefined;
    if (proxied && !isProxy(plainAddress(conn.remoteAddr).address)) return conn.close();
    if (proxied || !implicitTls) {
      const transport = denoTransport(conn, this.#tls === undefined ? {} : { tls: this.#tls });
      return this.#server.accept(transport, { proxied, implicitTls });
    }
    if (this.#tls !== undefined) await this.#serveSecurely(conn, this.#tls);
  }

  async #serveSecurely(conn: Deno.Conn, tls: Tls): Promise<void> {
    const remote = plainAddress(conn.remoteAddr);
    const leave = this.#server.reserve(remote.address);
    if (leave === undefined) return conn.close();
    this.#handshakes += 1;
    const late = new AbortController();
    const cancelTimeout = systemClock.after(this.#tlsTimeout, () =>
      late.abort(new Error(`No TLS handshake within ${this.#tlsTimeout} ms`)),
    );
    try {
      const transport = await secureDenoTransport(conn, tls, AbortSignal.any([late.signal, this.#end.signal]));
      leave();
      void this.#server.accept(transport);
    } catch (error) {
      if (!this.#end.signal.aborted) this.#server.handshakeFailed(remote, error);
    } finally {
      cancelTimeout();
      this.#handshakes -= 1;
      leave();
    }
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

function addressOf({ addr }: Deno.Listener): { readonly address: string; readonly port: number } {
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
