// SMTP servers on Node's sockets.

import { createServer as createSocketServer, type AddressInfo, type Server, type Socket } from "node:net";
import { networks, SmtpServer, systemClock, type ServerEvents, type ServerOptions } from "@carteiro/driver";
import { defaultServerTimeouts } from "@carteiro/core";
import { plainAddress } from "./address.ts";
import { nodeCompute } from "./compute.ts";
import { features } from "./features.ts";
import { dnsResolver } from "./resolver.ts";
import { nodeTransport, secureNodeTransport } from "./transport.ts";
import { serverTls, type ServerTlsOptions, type Tls } from "./tls.ts";

export interface NodeServerOptions extends ServerOptions {
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
  /** Aborting it while this settles gives up listening. */
  readonly signal?: AbortSignal;
}

type IsProxy = (address: string | undefined) => boolean;

const smtpPort = 25;

/** Makes a server; `listen` starts it. Throws for options that make no sense, naming the one. */
export function createServer(options: NodeServerOptions): NodeServer {
  return new NodeServer(options);
}

export class NodeServer {
  readonly #server: SmtpServer;
  readonly #tls: Tls | undefined;
  readonly #lmtp: boolean;
  readonly #tlsTimeout: number;
  readonly #listeners = new Set<Server>();
  /** Sockets whose TLS handshake comes before everything else. */
  readonly #handshakes = new Set<Socket>();
  readonly #end = new AbortController();

  constructor(options: NodeServerOptions) {
    this.#tls = options.tls === undefined ? undefined : serverTls(options.tls);
    this.#lmtp = options.protocol === "lmtp";
    this.#tlsTimeout = options.timeouts?.tls ?? defaultServerTimeouts.tls;
    this.#server = new SmtpServer(options, {
      startTls: features.serverStartTls && this.#tls !== undefined,
      resolver: dnsResolver(),
      compute: nodeCompute,
    });
  }

  /** Calls the listener at every event of that name; the function returned ends it. */
  on<Name extends keyof ServerEvents>(name: Name, listener: (event: ServerEvents[Name]) => void): () => void {
    return this.#server.on(name, listener);
  }

  /** Connections now open, those included that are being refused or are in a TLS handshake before the session. */
  get connections(): number {
    return this.#server.connections + this.#handshakes.size;
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
    const listener = createSocketServer(
      { allowHalfOpen: true, keepAlive, noDelay: true },
      (socket) => void this.#serve(socket, implicitTls, isProxy),
    );
    try {
      await listening(
        listener,
        options,
        signal === undefined ? this.#end.signal : AbortSignal.any([signal, this.#end.signal]),
      );
    } catch (error) {
      // Looking up the host may still be under way.
      listener.on("error", () => undefined).on("listening", () => listener.close());
      listener.close();
      throw error;
    }
    this.#listeners.add(listener);
    listener.on("error", (error) => this.#server.report(error));
    return addressOf(listener);
  }

  /**
   * Stops gracefully: no new connections; sessions without a transaction are closed with 421, the others after theirs.
   * Settles once all are closed. Once the signal is aborted the rest is closed as by `destroy`; without one the
   * transactions have until their own timeouts.
   */
  async close(options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    const stopped = this.#stopListening();
    await this.#server.close(options);
    await stopped;
  }

  /** Stops at once, with a 421 where it can still be said; what was not acknowledged is not kept. */
  async destroy(): Promise<void> {
    const stopped = this.#stopListening();
    await this.#server.destroy();
    await stopped;
  }

  /** As `close` does. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #stopListening(): Promise<void> {
    this.#end.abort(new Error("The server is closed: make another"));
    const listeners = [...this.#listeners];
    this.#listeners.clear();
    const stopped = listeners.map((listener) => new Promise<void>((resolve) => listener.close(() => resolve())));
    for (const socket of this.#handshakes) socket.destroy();
    this.#handshakes.clear();
    await Promise.all(stopped);
  }

  async #serve(socket: Socket, implicitTls: boolean, isProxy: IsProxy | undefined): Promise<void> {
    // Whatever befalls it before or after the server has it concerns nobody.
    socket.on("error", () => undefined);
    const proxied = isProxy !== undefined;
    if (proxied && !isProxy(plainAddress(socket.remoteAddress))) return void socket.destroy();
    if (proxied || !implicitTls) {
      const transport = nodeTransport(socket, this.#tls === undefined ? {} : { tls: this.#tls });
      return this.#server.accept(transport, { proxied, implicitTls });
    }
    if (this.#tls !== undefined) await this.#serveSecurely(socket, this.#tls);
  }

  async #serveSecurely(socket: Socket, tls: Tls): Promise<void> {
    const address = plainAddress(socket.remoteAddress);
    const port = socket.remotePort;
    const leave = this.#server.reserve(address);
    if (leave === undefined) return void socket.destroy();
    this.#handshakes.add(socket);
    let late = false;
    const cancelTimeout = systemClock.after(this.#tlsTimeout, () => {
      late = true;
      socket.destroy();
    });
    try {
      const transport = await secureNodeTransport(socket, tls);
      leave();
      void this.#server.accept(transport);
    } catch (error) {
      if (this.#end.signal.aborted) return;
      const remote = { ...(address !== undefined && { address }), ...(port !== undefined && { port }) };
      this.#server.handshakeFailed(remote, late ? new Error(`No TLS handshake within ${this.#tlsTimeout} ms`) : error);
    } finally {
      cancelTimeout();
      this.#handshakes.delete(socket);
      leave();
    }
  }
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
