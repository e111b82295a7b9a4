// A server that listens: what adapters whose runtime accepts connections by itself have in common.

import { defaultServerTimeouts } from "@carteiro/core";
import { systemClock } from "./clock.ts";
import { networks } from "./networks.ts";
import type { ServerEvents, ServerOptions } from "./server-options.ts";
import { SmtpServer, type Platform } from "./server.ts";
import type { Transport } from "./transport.ts";

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
  /** Whether the system probes connections without traffic. Default: yes. */
  readonly keepAlive?: boolean;
  /** Aborting it while this settles gives up listening. */
  readonly signal?: AbortSignal;
}

/** A connection that has come in, and that nobody reads from yet. */
export interface Arrival {
  readonly remote: Transport["remote"];
  /** In the clear. */
  open(): Transport;
  /** Once the TLS handshake is over. Rejects where that fails, and has closed the connection then. Left out where there is no certificate. */
  secure?(): Promise<Transport>;
  /** Closes it at once; `secure` rejects then. */
  destroy(): void;
}

export interface Listener {
  /** Where it listens. A Unix socket has port 0. */
  readonly address: string;
  readonly port: number;
  /** Takes no more connections. */
  close(): void | Promise<void>;
}

/** Whom a listener tells. */
export interface Doorkeeper {
  arrived(arrival: Arrival): void;
  /** What befell the listener, which goes on as it can. */
  failed(error: unknown): void;
}

/** What an adapter brings. */
export interface ListeningPlatform<Options extends ListenOptions> extends Omit<Platform, "startTls"> {
  /** Whether there is a certificate: STARTTLS is announced then, and arrivals can be secured. */
  readonly tls: boolean;
  /** Rejects with the system's error. Where the signal has been aborted meanwhile, what it gives is closed. */
  readonly listen: (options: Options, doorkeeper: Doorkeeper, signal: AbortSignal) => Listener | Promise<Listener>;
}

type IsProxy = (address: string | undefined) => boolean;

const smtpPort = 25;

export class ListeningServer<Options extends ListenOptions> {
  readonly #server: SmtpServer;
  readonly #platform: ListeningPlatform<Options>;
  readonly #lmtp: boolean;
  readonly #tlsTimeout: number;
  readonly #listeners = new Set<Listener>();
  /** Those whose TLS handshake comes before everything else. */
  readonly #handshakes = new Set<Arrival>();
  readonly #end = new AbortController();

  /** Throws for options that make no sense, naming the one. */
  constructor(options: ServerOptions, platform: ListeningPlatform<Options>) {
    this.#platform = platform;
    this.#lmtp = options.protocol === "lmtp";
    this.#tlsTimeout = options.timeouts?.tls ?? defaultServerTimeouts.tls;
    this.#server = new SmtpServer(options, { ...platform, startTls: platform.tls });
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
  async listen(options: Options): Promise<{ readonly address: string; readonly port: number }> {
    const { implicitTls = false, path, proxy } = options;
    if (proxy?.from.length === 0 && path === undefined)
      throw new TypeError("proxy.from is empty: name the addresses of the proxies, or nobody can connect");
    const isProxy = proxy && (path === undefined ? networks(proxy.from) : () => true);
    if (implicitTls && !this.#platform.tls)
      throw new TypeError("implicitTls without tls: give key and cert to createServer");
    if (this.#lmtp && options.port === smtpPort && options.allowPort25 !== true)
      throw new TypeError("LMTP on port 25: choose another port, since clients there speak SMTP (RFC 2033 section 5)");
    const doorkeeper: Doorkeeper = {
      arrived: (arrival) => this.#serve(arrival, implicitTls, isProxy),
      failed: (error) => this.#server.report(error),
    };
    const { address, port } = await this.#open(options, doorkeeper);
    return { address, port };
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

  async #open(options: Options, doorkeeper: Doorkeeper): Promise<Listener> {
    const signals = [this.#end.signal, ...(options.signal === undefined ? [] : [options.signal])];
    const signal = AbortSignal.any(signals);
    signal.throwIfAborted();
    const listener = await this.#platform.listen(options, doorkeeper, signal);
    if (signal.aborted) await listener.close();
    signal.throwIfAborted();
    this.#listeners.add(listener);
    return listener;
  }

  async #stopListening(): Promise<void> {
    this.#end.abort(new Error("The server is closed: make another"));
    const stopped = Array.from(this.#listeners, async (listener) => listener.close());
    this.#listeners.clear();
    for (const arrival of this.#handshakes) arrival.destroy();
    this.#handshakes.clear();
    await Promise.all(stopped);
  }

  #serve(arrival: Arrival, implicitTls: boolean, isProxy: IsProxy | undefined): void {
    const proxied = isProxy !== undefined;
    if (proxied && !isProxy(arrival.remote.address)) return arrival.destroy();
    if (implicitTls && !proxied) void this.#serveSecurely(arrival);
    else this.#server.admit(arrival.open(), { proxied, implicitTls });
  }

  async #serveSecurely(arrival: Arrival): Promise<void> {
    const leave = this.#server.reserve(arrival.remote.address);
    if (leave === undefined) return arrival.destroy();
    this.#handshakes.add(arrival);
    let late = false;
    const cancelTimeout = systemClock.after(this.#tlsTimeout, () => {
      late = true;
      arrival.destroy();
    });
    try {
      const transport = await arrival.secure?.();
      if (transport === undefined) return arrival.destroy();
      leave();
      this.#server.admit(transport);
    } catch (error) {
      if (this.#end.signal.aborted) return;
      const problem = late ? new Error(`No TLS handshake within ${this.#tlsTimeout} ms`) : error;
      this.#server.handshakeFailed(arrival.remote, problem);
    } finally {
      cancelTimeout();
      this.#handshakes.delete(arrival);
      leave();
    }
  }
}
