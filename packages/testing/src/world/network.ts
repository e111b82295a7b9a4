// A network in memory: hosts by name, links between them that take their time and can be cut, servers that listen.

import type { Instant } from "@carteiro/core";
import type { Clock, ConnectionOrigin, Transport } from "@carteiro/driver";
import { pipe, Way, type MemoryEnd, type PipeOptions } from "@carteiro/memory";
import { cross } from "./crossing.ts";

/** What listens: the driver's `SmtpServer`, any adapter's, or a peer of the test's own. */
export interface Acceptor {
  accept(transport: Transport, origin?: ConnectionOrigin): unknown;
}

/** What a link is like: both ways, or there and back. */
export interface LinkQualities extends Pick<PipeOptions, "chunkSizes" | "capacity"> {
  /** Milliseconds that everything takes to arrive. */
  readonly latency?: number | readonly [there: number, back: number];
  /** Octets a second, for all connections of the link together. Default: no limit. */
  readonly bandwidth?: number | readonly [there: number, back: number];
}

export interface LinkOptions extends LinkQualities {
  readonly from: string;
  readonly to: string;
}

export interface ListeningOptions {
  /** Whether connections begin with TLS, by the stand-in of @carteiro/memory. Default: no. */
  readonly implicitTls?: boolean;
}

export interface DialOptions {
  readonly implicitTls?: boolean;
  /** Milliseconds to reach the server. Default: 60,000. */
  readonly timeout?: number;
  readonly signal?: AbortSignal;
}

/** What passed on a connection, in the clear even under TLS (`secured`). The octets must not be changed. */
export interface Overheard {
  /** Connections count from 1. */
  readonly connection: number;
  readonly from: string;
  readonly to: string;
  readonly octets: Uint8Array;
  readonly at: Instant;
  readonly secured: boolean;
}

export interface NetworkOptions {
  readonly clock: Clock;
  /** Of all links that `link` does not speak of. */
  readonly link?: LinkQualities;
  readonly tap?: (said: Overheard) => void;
}

/** A connection that at least one of its ends has not closed. */
export interface OpenConnection {
  readonly number: number;
  readonly from: { readonly name: string; readonly port: number; readonly end: MemoryEnd };
  readonly to: { readonly name: string; readonly port: number; readonly end: MemoryEnd };
  readonly since: Instant;
  /** What each end said last. */
  readonly last: { from?: Uint8Array; to?: Uint8Array };
}

interface Listener {
  readonly server: Acceptor;
  readonly implicitTls: boolean;
}

const usualTimeout = 60_000;
/** What RFC 2544 keeps for tests: 198.18.0.0/15. */
const firstAddress = 0xc6120001;
const firstClientPort = 49_152;

export class Network {
  readonly #options: NetworkOptions;
  readonly #hosts = new Map<string, { readonly address: string; readonly listeners: Map<number, Listener> }>();
  readonly #ways = new Map<string, Way>();
  readonly #qualities = new Map<string, LinkQualities>();
  #open: OpenConnection[] = [];
  #dialled = 0;

  constructor(options: NetworkOptions) {
    this.#options = options;
  }

  /** Connections now open. */
  get connections(): readonly OpenConnection[] {
    this.#open = this.#open.filter(({ from, to }) => !from.end.destroyed || !to.end.destroyed);
    return this.#open;
  }

  /** Octets that have been written on open connections and not yet read. */
  get held(): number {
    return this.connections.reduce((sum, { from, to }) => sum + from.end.held + to.end.held, 0);
  }

  /** The address of a host, the same ever after. A host is known from when it is first named here, linked, or listens. */
  address(name: string): string {
    return this.#host(name).address;
  }

  /**
   * Lets a server take connections; the function returned ends that, and leaves connections open as they are. Throws where
   * somebody listens there.
   */
  listen(name: string, port: number, server: Acceptor, { implicitTls = false }: ListeningOptions = {}): () => void {
    const { listeners } = this.#host(name);
    if (listeners.has(port)) throw coded("EADDRINUSE", `Somebody listens on ${name} port ${port} already`);
    const listener = { server, implicitTls };
    listeners.set(port, listener);
    return () => {
      if (listeners.get(port) === listener) listeners.delete(port);
    };
  }

  /**
   * The client's end of a new connection, after one round trip. Rejects as a socket does: `ENOTFOUND` for a name that no host
   * has, `ECONNREFUSED` where nobody listens, `ETIMEDOUT` where the server is not reached in time; or with the signal's reason.
   */
  async dial(from: string, name: string, port: number, options: DialOptions = {}): Promise<MemoryEnd> {
    const { clock } = this.#options;
    const { timeout = usualTimeout, signal } = options;
    signal?.throwIfAborted();
    if (!this.#hosts.has(name)) throw coded("ENOTFOUND", `No host is called ${name}`);
    const giveUp = new AbortController();
    const abort = () => giveUp.abort(signal?.reason);
    const late = () => giveUp.abort(coded("ETIMEDOUT", `${name} port ${port} was not reached within ${timeout} ms`));
    const cancel = clock.after(timeout, late);
    signal?.addEventListener("abort", abort, { once: true });
    try {
      return await this.#connect({ from, name, port, options, signal: giveUp.signal });
    } finally {
      cancel();
      signal?.removeEventListener("abort", abort);
    }
  }

  /** Says what the link between two hosts is like, for connections from now on; connections that are open keep what they had but for latency and bandwidth. */
  link({ from, to, ...qualities }: LinkOptions): void {
    this.#host(from);
    this.#host(to);
    const [there, back] = directions(qualities);
    for (const [one, other, given] of [
      [from, to, there],
      [to, from, back],
    ] as const) {
      const way = this.#way(one, other);
      const fresh = new Way(this.#options.clock, given);
      way.latency = fresh.latency;
      way.bandwidth = fresh.bandwidth;
    }
    this.#qualities.set(key(from, to), qualities);
    this.#qualities.set(key(to, from), qualities);
  }

  /**
   * Cuts the links between hosts, or groups of them, both ways. Octets wait, on connections that are open as well, and are sent
   * again when it is healed; what does not arrive for a quarter of an hour breaks the connection (`ETIMEDOUT`).
   */
  partition(some: string | readonly string[], others: string | readonly string[]): void {
    for (const way of this.#between(some, others)) way.cut();
  }

  /** Mends what `partition` cut: between these hosts, or everywhere. */
  heal(some?: string | readonly string[], others?: string | readonly string[]): void {
    const all = some === undefined || others === undefined;
    for (const way of all ? this.#ways.values() : this.#between(some, others)) way.mend();
  }

  #between(some: string | readonly string[], others: string | readonly string[]): Way[] {
    return [some]
      .flat()
      .flatMap((one) =>
        [others].flat().flatMap((other) => (one === other ? [] : [this.#way(one, other), this.#way(other, one)])),
      );
  }

  #host(name: string) {
    const known = this.#hosts.get(name);
    if (known !== undefined) return known;
    const host = { address: dotted(firstAddress + this.#hosts.size), listeners: new Map<number, Listener>() };
    this.#hosts.set(name, host);
    return host;
  }

  #way(from: string, to: string): Way {
    const known = this.#ways.get(key(from, to));
    if (known !== undefined) return known;
    const { clock, link = {} } = this.#options;
    const way = new Way(clock, from === to ? {} : directions(link)[0]);
    this.#ways.set(key(from, to), way);
    return way;
  }

  async #connect(dialled: {
    readonly from: string;
    readonly name: string;
    readonly port: number;
    readonly options: DialOptions;
    readonly signal: AbortSignal;
  }): Promise<MemoryEnd> {
    const { from, name, port, options, signal } = dialled;
    const { clock } = this.#options;
    const [there, back] = [this.#way(from, name), this.#way(name, from)];
    await cross(there, clock, signal);
    const listener = this.#host(name).listeners.get(port);
    const end = listener && this.#accepted(listener, dialled, { toServer: there, toClient: back });
    try {
      await cross(back, clock, signal);
    } catch (error) {
      end?.destroy();
      throw error;
    }
    if (end === undefined) throw coded("ECONNREFUSED", `Nobody listens on ${name} port ${port}`);
    if ((options.implicitTls === true) === listener?.implicitTls) return end;
    end.destroy();
    throw coded(
      "EPROTO",
      `${name} port ${port} ${listener?.implicitTls === true ? "speaks" : "does not speak"} TLS from the beginning`,
    );
  }

  /** The server takes the connection when the first packet comes; the client learns of it a little later. */
  #accepted(
    { server, implicitTls }: Listener,
    { from, name, port }: { readonly from: string; readonly name: string; readonly port: number },
    path: NonNullable<PipeOptions["path"]>,
  ): MemoryEnd {
    const { clock, link, tap } = this.#options;
    const { chunkSizes, capacity } = { ...link, ...this.#qualities.get(key(from, name)) };
    const number = ++this.#dialled;
    const clientPort = firstClientPort + (number % (2 ** 16 - firstClientPort));
    const last: OpenConnection["last"] = {};
    const [client, accepted] = pipe({
      clock,
      path,
      secure: implicitTls,
      ...(chunkSizes !== undefined && { chunkSizes }),
      ...(capacity !== undefined && { capacity }),
      addresses: {
        client: { address: this.address(from), port: clientPort },
        server: { address: this.address(name), port },
      },
      tap: (direction, octets, at, secured) => {
        const isClients = direction === "toServer";
        last[isClients ? "from" : "to"] = octets;
        const [one, other] = isClients ? [from, name] : [name, from];
        tap?.({ connection: number, from: one, to: other, octets, at, secured });
      },
    });
    const ends = { from: { name: from, port: clientPort, end: client }, to: { name, port, end: accepted } };
    this.#open = [...this.connections, { number, ...ends, since: clock.now(), last }];
    server.accept(accepted, { implicitTls });
    return client;
  }
}

function directions({ latency = 0, bandwidth = Infinity }: LinkQualities) {
  const both = <Value>(value: Value | readonly [Value, Value]) => (Array.isArray(value) ? value : [value, value]);
  const [latencies, bandwidths] = [both(latency), both(bandwidth)];
  return [0, 1].map((at) => ({ latency: latencies[at], bandwidth: bandwidths[at] }));
}

function key(from: string, to: string): string {
  return `${from} ${to}`;
}

function dotted(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 0xff).join(".");
}

function coded(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}
