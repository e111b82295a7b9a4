// SMTP servers on Node's sockets.

import { createServer as createSocketServer, type AddressInfo, type Server, type Socket } from "node:net";
import { SmtpServer, type ServerEvents, type ServerOptions } from "@carteiro/driver";
import { defaultServerTimeouts } from "@carteiro/core";
import { nodeTransport, secureNodeTransport } from "./transport.ts";
import { serverTls, type ServerTlsOptions, type Tls } from "./tls.ts";

export interface NodeServerOptions extends ServerOptions {
  /** Key and certificate. With them STARTTLS is offered, and `implicitTls` listeners are possible. */
  readonly tls?: ServerTlsOptions;
}

export interface ListenOptions {
  /** TCP port; 0 picks a free one. */
  readonly port?: number;
  /** Address to listen on. Default: all, IPv6 and IPv4. */
  readonly host?: string;
  /** Unix socket instead of TCP. */
  readonly path?: string;
  /** Whether connections begin with TLS (port 465, RFC 8314). Default: no. */
  readonly implicitTls?: boolean;
  /** Connections not yet accepted that the system keeps. */
  readonly backlog?: number;
  /** Aborting it while this settles gives up listening. */
  readonly signal?: AbortSignal;
}

/** Makes a server; `listen` starts it. Throws for options that make no sense, naming the one. */
export function createServer(options: NodeServerOptions): NodeServer {
  return new NodeServer(options);
}

export class NodeServer {
  readonly #server: SmtpServer;
  readonly #tls: Tls | undefined;
  readonly #tlsTimeout: number;
  readonly #listeners = new Set<Server>();
  readonly #handshakes = new Set<Socket>();
  readonly #limit: number;

  constructor(options: NodeServerOptions) {
    const { tls, ...rest } = options;
    this.#tls = tls === undefined ? undefined : serverTls(tls);
    this.#tlsTimeout = options.timeouts?.tls ?? defaultServerTimeouts.tls;
    this.#limit = options.connections?.total ?? 1_000;
    this.#server = new SmtpServer(rest, { startTls: this.#tls !== undefined });
  }

  /** Calls the listener at every event of that name; the function returned ends it. */
  on<Name extends keyof ServerEvents>(name: Name, listener: (event: ServerEvents[Name]) => void): () => void {
    return this.#server.on(name, listener);
  }

  /** Connections now open. */
  get connections(): number {
    return this.#server.connections;
  }

  /**
   * Listens on one more port or Unix socket; resolves with the address in use. Rejects with the system's error, for
   * example where the port is taken.
   */
  async listen(options: ListenOptions): Promise<{ readonly address: string; readonly port: number }> {
    const { implicitTls = false, port, host, path, backlog, signal } = options;
    if (implicitTls && this.#tls === undefined)
      throw new TypeError("implicitTls without tls: give key and cert to createServer");
    const listener = createSocketServer(
      { allowHalfOpen: true, keepAlive: true, noDelay: true },
      (socket) => void this.#serve(socket, implicitTls),
    );
    const where = path === undefined ? { port: port ?? 0, ...(host !== undefined && { host }) } : { path };
    await new Promise<void>((resolve, reject) => {
      listener.once("error", reject);
      listener.listen({ ...where, ...(backlog !== undefined && { backlog }), ...(signal && { signal }) }, resolve);
    });
    listener.removeAllListeners("error");
    listener.on("error", (error) => this.#server.report(error));
    this.#listeners.add(listener);
    const bound = listener.address() as AddressInfo | string;
    return typeof bound === "string" ? { address: bound, port: 0 } : { address: bound.address, port: bound.port };
  }

  /**
   * Stops gracefully: no new connections; sessions without a transaction are closed with 421, the others after theirs.
   * Settles once all are closed. Once the signal is aborted the rest is closed as by `destroy`.
   */
  async close(options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    const stopped = this.#stopListening();
    await this.#server.close(options);
    await stopped;
  }

  /** Stops at once; what was not acknowledged is not kept. */
  async destroy(): Promise<void> {
    const stopped = this.#stopListening();
    await this.#server.destroy();
    await stopped;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #stopListening(): Promise<void> {
    const listeners = [...this.#listeners];
    this.#listeners.clear();
    const stopped = listeners.map((listener) => new Promise<void>((resolve) => listener.close(() => resolve())));
    for (const socket of this.#handshakes) socket.destroy();
    await Promise.all(stopped);
  }

  async #serve(socket: Socket, implicitTls: boolean): Promise<void> {
    // Until the server has taken the connection, whatever befalls it concerns nobody.
    socket.on("error", () => undefined);
    if (!implicitTls || this.#tls === undefined) {
      return this.#server.accept(nodeTransport(socket, this.#tls === undefined ? {} : { tls: this.#tls }));
    }
    if (this.#server.connections + this.#handshakes.size >= this.#limit) return void socket.destroy();
    this.#handshakes.add(socket);
    const timer = setTimeout(() => socket.destroy(), this.#tlsTimeout);
    try {
      const transport = await secureNodeTransport(socket, this.#tls);
      void this.#server.accept(transport);
    } catch (error) {
      socket.destroy();
      this.#server.report(error);
    } finally {
      clearTimeout(timer);
      this.#handshakes.delete(socket);
    }
  }
}
