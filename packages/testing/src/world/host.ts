// One host of a network in memory, which has what an adapter has: `connect`, `createPool` and `createServer`.

import {
  authenticationAt,
  checkPort,
  openClient,
  Pool,
  portOf,
  SmtpServer,
  type ClientOptions,
  type Clock,
  type Compute,
  type PoolOptions,
  type ServerOptions,
  type SmtpClient,
} from "@carteiro/driver";
import { features } from "@carteiro/memory";
import type { ListeningOptions, Network } from "./network.ts";
import type { Random } from "./random.ts";

/** As the adapters' options are. The clock, and what computes, are the world's. */
export interface HostConnectOptions extends ClientOptions {
  /** Name of the server. Default: this host. */
  readonly host?: string;
  /** Default: 24 for LMTP, 465 with `implicitTls`, 587 with `auth`, else 25. */
  readonly port?: number;
  readonly allowPort25?: boolean;
  readonly implicitTls?: boolean;
  /** Milliseconds to reach the server. Default: 60,000. */
  readonly connectTimeout?: number;
}

export type HostPoolOptions = HostConnectOptions & Omit<PoolOptions, "connect" | "clock">;

export interface HostServerOptions extends Omit<ServerOptions, "hostname"> {
  /** Its own name in the greeting. Default: the host's. */
  readonly hostname?: string;
  /** Whether STARTTLS is offered, by the stand-in for TLS of @carteiro/memory. Default: yes. */
  readonly startTls?: boolean;
}

export interface HostListenOptions extends ListeningOptions {
  readonly port: number;
}

/** What a host has of its world. */
export interface Surroundings {
  readonly network: Network;
  readonly clock: Clock;
  readonly random: Random;
  readonly compute: Compute;
}

export class Host {
  readonly name: string;
  /** Opens a session from this host. Rejects as `Network.dial` and `openClient` do. Bound, so that it can be handed on. */
  readonly connect: (options?: HostConnectOptions) => Promise<SmtpClient>;
  /** A pool of such sessions; see `Pool`. Bound, as `connect` is. */
  readonly createPool: (options: HostPoolOptions) => Pool;
  /** Makes a server; `listen` starts it. Throws as `SmtpServer` does. Bound, as `connect` is. */
  readonly createServer: (options?: HostServerOptions) => HostServer;
  readonly #world: Surroundings;

  constructor(name: string, world: Surroundings) {
    this.name = name;
    this.#world = world;
    world.network.address(name);
    this.connect = (options = {}) => this.#connect(options);
    this.createPool = (options) => this.#pool(options);
    this.createServer = (options = {}) => new HostServer(this.name, options, world);
  }

  async #connect(options: HostConnectOptions): Promise<SmtpClient> {
    checkPort(options);
    const { clock, network, compute } = this.#world;
    const { host = this.name, implicitTls = false, connectTimeout: timeout, signal } = options;
    const transport = await network.dial(this.name, host, portOf(options), {
      implicitTls,
      ...(timeout !== undefined && { timeout }),
      ...(signal && { signal }),
    });
    return openClient(transport, { hostname: this.name, compute, ...options, ...authenticationAt(options) }, clock);
  }

  #pool(options: HostPoolOptions): Pool {
    checkPort(options);
    const connect = (signal: AbortSignal) => {
      const both = options.signal === undefined ? signal : AbortSignal.any([options.signal, signal]);
      return this.#connect({ ...options, signal: both });
    };
    return new Pool({ ...options, connect, clock: this.#world.clock });
  }
}

export class HostServer extends SmtpServer {
  readonly #name: string;
  readonly #network: Network;
  readonly #stops = new Set<() => void>();

  constructor(
    name: string,
    { startTls = features.serverStartTls, ...options }: HostServerOptions,
    { network, clock, random, compute }: Surroundings,
  ) {
    super(seeded({ hostname: name, ...options }, random), { clock, startTls, compute });
    this.#name = name;
    this.#network = network;
  }

  /** Listens on one more port. Throws `EADDRINUSE` where somebody does. */
  listen({ port, ...options }: HostListenOptions): void {
    this.#stops.add(this.#network.listen(this.#name, port, this, options));
  }

  /** As `SmtpServer.close`, and listens no more. */
  override close(options?: { readonly signal?: AbortSignal }): Promise<void> {
    this.#stopListening();
    return super.close(options);
  }

  /** As `SmtpServer.destroy`, and listens no more. */
  override destroy(): Promise<void> {
    this.#stopListening();
    return super.destroy();
  }

  #stopListening(): void {
    for (const stop of this.#stops) stop();
    this.#stops.clear();
  }
}

/** What a server would draw by itself. */
function seeded(options: ServerOptions, random: Random): ServerOptions {
  const { authentication } = options;
  if (authentication === undefined && options.scramKeys === undefined) return options;
  return { ...options, authentication: { secret: random.octets(32), ...authentication } };
}
