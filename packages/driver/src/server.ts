// A server without sockets: it takes transports and keeps the connections. Adapters add the listening.

import { serverProfile, type ServerProfile } from "@carteiro/core";
import { systemClock, type Clock } from "./clock.ts";
import { Connection } from "./connection.ts";
import { disconnect, type Disconnect } from "./decisions.ts";
import { Emitter } from "./emitter.ts";
import type { ServerEvents, ServerOptions } from "./server-options.ts";
import type { Transport } from "./transport.ts";

const tooManyConnections = disconnect(421, "4.7.0", "Too many connections; try again later");
const closing = disconnect(421, "4.3.2", "Service is shutting down; try again later");

const defaultTotal = 1_000;
const defaultPerAddress = 100;

/** What an adapter tells a server of itself. */
export interface Platform {
  readonly clock?: Clock;
  /** Whether transports can `startTls`: then STARTTLS is announced. */
  readonly startTls: boolean;
}

export class SmtpServer {
  readonly #options: ServerOptions;
  readonly #events = new Emitter<ServerEvents>();
  readonly #clock: Clock;
  readonly #profile: ServerProfile;
  readonly #tracingProfile: ServerProfile;
  readonly #connections = new Set<Connection>();
  readonly #perAddress = new Map<string, number>();
  #accepted = 0;
  #closing = false;

  /** Throws `InvalidValueError`, `RangeError` or `TypeError` for options that make no sense, naming the one. */
  constructor(options: ServerOptions, platform: Platform) {
    if (options.authentication !== undefined && options.onAuthenticate === undefined) {
      throw new TypeError("authentication without onAuthenticate: add the handler that knows whose passwords are good");
    }
    this.#options = options;
    this.#clock = platform.clock ?? systemClock;
    this.#profile = serverProfile({ ...options, startTls: platform.startTls });
    this.#tracingProfile = { ...this.#profile, trace: true };
  }

  /** Calls the listener at every event of that name; the function returned ends it. */
  on<Name extends keyof ServerEvents>(name: Name, listener: (event: ServerEvents[Name]) => void): () => void {
    return this.#events.on(name, listener);
  }

  /** Connections now open. */
  get connections(): number {
    return this.#connections.size;
  }

  /** Makes an `error` event of what befell an adapter outside of any session: a listener, or a handshake before the greeting. */
  report(error: unknown): void {
    this.#events.emit("error", { error });
  }

  /** Serves one connection; settles once it is closed. Never rejects. */
  accept(transport: Transport): Promise<void> {
    this.#accepted += 1;
    const refusal = this.#refusal(transport);
    const connection = new Connection(String(this.#accepted), transport, {
      options: refusal === undefined ? this.#options : { ...this.#options, onConnection: () => refusal },
      events: this.#events,
      profile: this.#events.has("trace") ? this.#tracingProfile : this.#profile,
      clock: this.#clock,
    });
    this.#track(connection, transport.remote.address);
    connection.start();
    return connection.closed;
  }

  /**
   * Stops gracefully: sessions without a transaction are closed with 421, the others after theirs. Settles once all are
   * closed. The transactions have until the signal is aborted; then the rest is closed as by `destroy`.
   */
  async close({ signal }: { readonly signal?: AbortSignal } = {}): Promise<void> {
    this.#closing = true;
    const force = () => void this.destroy();
    signal?.addEventListener("abort", force);
    if (signal?.aborted === true) force();
    for (const connection of this.#connections) connection.shutDown();
    await this.#allClosed();
    signal?.removeEventListener("abort", force);
  }

  /** Closes every connection now, with a 421 where it can still be said; what was not acknowledged is not kept. */
  async destroy(): Promise<void> {
    this.#closing = true;
    for (const connection of this.#connections) {
      connection.dismiss(closing.reply);
      connection.destroy();
    }
    await this.#allClosed();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #allClosed(): Promise<void> {
    await Promise.all(Array.from(this.#connections, ({ closed }) => closed));
  }

  #refusal({ remote }: Transport): Disconnect | undefined {
    if (this.#closing) return closing;
    const { total = defaultTotal, perAddress = defaultPerAddress } = this.#options.connections ?? {};
    const fromThere = remote.address === undefined ? 0 : (this.#perAddress.get(remote.address) ?? 0);
    return this.#connections.size >= total || fromThere >= perAddress ? tooManyConnections : undefined;
  }

  #track(connection: Connection, address: string | undefined): void {
    this.#connections.add(connection);
    this.#count(address, 1);
    void connection.closed.then(() => {
      this.#connections.delete(connection);
      this.#count(address, -1);
    });
  }

  #count(address: string | undefined, change: 1 | -1): void {
    if (address === undefined) return;
    const count = (this.#perAddress.get(address) ?? 0) + change;
    if (count > 0) this.#perAddress.set(address, count);
    else this.#perAddress.delete(address);
  }
}
