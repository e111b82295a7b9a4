// A server without sockets: it takes transports and keeps the connections. Adapters add the listening.

import { serverProfile, type ServerProfile, type ServerSessionOptions, type UnaskedSubject } from "@carteiro/core";
import { systemClock, type Clock } from "./clock.ts";
import { webCompute, type Compute } from "./compute.ts";
import { commandHandlers, type CommandHandler } from "./commands.ts";
import { CheckGate } from "./check-gate.ts";
import type { ConnectionContext, ConnectionOrigin } from "./connection-context.ts";
import { Connection } from "./connection.ts";
import { CredentialsDesk } from "./credentials.ts";
import { disconnect, type Disconnect } from "./decisions.ts";
import { Emitter } from "./emitter.ts";
import { networks } from "./networks.ts";
import { Places, type Leave } from "./places.ts";
import { RateGuard } from "./rate-guard.ts";
import type { Resolver } from "./resolver.ts";
import type { ServerEvents, ServerOptions, SessionInfo } from "./server-options.ts";
import type { Transport } from "./transport.ts";

const tooManyConnections = disconnect(421, "4.7.0", "Too many connections; try again later");
const closing = disconnect(421, "4.3.2", "Service is shutting down; try again later");

const defaultTotal = 1_000;
const defaultPerAddress = 100;
/** Half of the threads that Node hashes with. */
const defaultChecksAtOnce = 2;
const defaultChecksPerClient = 4;
/** Connections that are being told at once that there are too many. Those beyond are closed without a word. */
const refusalsAtOnce = 100;

/** What an adapter tells a server of itself. */
export interface Platform {
  readonly clock?: Clock;
  /** Whether transports can `startTls`: then STARTTLS is announced. */
  readonly startTls: boolean;
  /** What `session.facts` asks where the options have no `resolver`. Without either they are `temporary`. */
  readonly resolver?: Resolver;
  /** What computes for SASL mechanisms. Default: WebCrypto, which knows no MD5. */
  readonly compute?: Compute;
}

export class SmtpServer {
  readonly #options: ServerOptions;
  readonly #events: Emitter<ServerEvents>;
  readonly #clock: Clock;
  readonly #sessionOptions: ServerSessionOptions;
  readonly #profile: ServerProfile;
  readonly #commands: ReadonlyMap<string, CommandHandler>;
  readonly #isTrusted: (address: string | undefined) => boolean;
  readonly #tracingProfile: ServerProfile;
  readonly #places: Places;
  readonly #rates: RateGuard;
  readonly #checks: CheckGate;
  readonly #resolver: Resolver | undefined;
  readonly #credentials: CredentialsDesk;
  readonly #compute: Compute;
  readonly #connections = new Set<Connection>();
  #refusing = 0;
  #accepted = 0;
  #closing = false;

  /** Throws `InvalidValueError`, `RangeError` or `TypeError` for options that make no sense, naming the one. */
  constructor(options: ServerOptions, platform: Platform) {
    const { connections } = options;
    const compute = platform.compute ?? webCompute;
    const credentials = new CredentialsDesk(options, compute);
    const authentication = credentials.session;
    if (options.onReference === undefined && options.extensions?.some(({ keyword }) => keyword === "BURL") === true)
      throw new TypeError("extensions have BURL: add onReference, the handler that fetches what URLs refer to");
    this.#options = options;
    this.#events = new Emitter((error, name) => name !== "error" && this.report(error));
    this.#clock = platform.clock ?? systemClock;
    const { startTls } = platform;
    const { authentication: _, ...rest } = options;
    const unasked = unaskedIn(options);
    this.#sessionOptions = { ...rest, startTls, unasked, ...(authentication && { authentication }) };
    this.#profile = serverProfile(this.#sessionOptions);
    this.#credentials = credentials;
    this.#compute = compute;
    this.#commands = commandHandlers(options.commands ?? {}, this.#profile.registry.questions);
    this.#isTrusted = networks(options.trusted ?? []);
    this.#tracingProfile = { ...this.#profile, trace: true };
    this.#places = new Places({ total: defaultTotal, perAddress: defaultPerAddress, ...connections });
    this.#rates = new RateGuard(options.rates ?? {}, this.#clock, this.#events, authentication !== undefined);
    const { checksAtOnce = defaultChecksAtOnce, checksPerClient = defaultChecksPerClient } =
      options.authentication ?? {};
    const longest = this.#profile.timeouts.decision;
    this.#checks = new CheckGate({ checksAtOnce, checksPerClient, longest }, this.#clock);
    this.#resolver = options.resolver ?? platform.resolver;
  }

  /** Calls the listener at every event of that name; the function returned ends it. */
  on<Name extends keyof ServerEvents>(name: Name, listener: (event: ServerEvents[Name]) => void): () => void {
    return this.#events.on(name, listener);
  }

  /** Connections now open, those included that are being refused. */
  get connections(): number {
    return this.#connections.size;
  }

  /** Makes an `error` event of what befell an adapter outside of any session: a listener, for example. */
  report(error: unknown): void {
    this.#events.emit("error", { error });
  }

  /** Makes a `handshakeFailed` event. For adapters. */
  handshakeFailed(remote: SessionInfo["remote"], error: unknown): void {
    this.#events.emit("handshakeFailed", { remote, error });
  }

  /**
   * Takes a place, within the limits, for a connection that is not ready to be accepted: its TLS handshake comes first.
   * The function returned gives the place back; call it right before `accept`. `undefined`: there is none, so close.
   */
  reserve(address: string | undefined): Leave | undefined {
    return this.#closing ? undefined : this.#places.take(address);
  }

  /**
   * Serves one connection; settles once it is closed. Never rejects. Behind a proxy it counts as its client's, once the
   * proxy has named one.
   */
  accept(transport: Transport, origin: ConnectionOrigin = {}): Promise<void> {
    const leave = this.reserve(origin.proxied === true ? undefined : transport.remote.address);
    if (leave !== undefined) return this.#serve(transport, { origin, refusal: undefined }, leave);
    if (this.#refusing >= refusalsAtOnce || origin.implicitTls === true) {
      transport.destroy();
      return Promise.resolve();
    }
    return this.#serve(transport, { origin, refusal: this.#refusal }, this.#refuse());
  }

  get #refusal(): Disconnect {
    return this.#closing ? closing : tooManyConnections;
  }

  #refuse(): Leave {
    this.#refusing += 1;
    return () => void (this.#refusing -= 1);
  }

  /**
   * Stops gracefully: sessions without a transaction are closed with 421, the others after theirs. Settles once all are
   * closed. The transactions have until the signal is aborted; then the rest is closed as by `destroy`. Without a signal
   * they have until their own timeouts.
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
    for (const connection of this.#connections) connection.destroy(closing.reply);
    await this.#allClosed();
  }

  /** As `close` does. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #serve(
    transport: Transport,
    given: Pick<ConnectionContext, "origin" | "refusal">,
    reserved: Leave,
  ): Promise<void> {
    this.#accepted += 1;
    let leave = reserved;
    const settle = (address: string | undefined): Disconnect | undefined => {
      leave();
      const place = this.reserve(address);
      leave = place ?? this.#refuse();
      return place === undefined ? this.#refusal : undefined;
    };
    const asTold = this.#events.has("trace") ? this.#tracingProfile : this.#profile;
    const connection = new Connection(String(this.#accepted), transport, {
      options: this.#options,
      commands: this.#commands,
      isTrusted: this.#isTrusted,
      ...given,
      settle,
      events: this.#events,
      witness: (session) =>
        this.#options.witness?.({ role: "server", options: able(this.#sessionOptions, given.origin), ...session }),
      profile: able(asTold, given.origin),
      clock: this.#clock,
      rates: this.#rates,
      checks: this.#checks,
      resolver: this.#resolver,
      credentials: this.#credentials,
      compute: this.#compute,
    });
    this.#connections.add(connection);
    connection.start();
    await connection.closed;
    this.#connections.delete(connection);
    leave();
  }

  async #allClosed(): Promise<void> {
    while (this.#connections.size > 0) await Promise.all(Array.from(this.#connections, ({ closed }) => closed));
  }
}

/** Steps that no handler is called for and no rate counts. */
function unaskedIn(options: ServerOptions): UnaskedSubject[] {
  const unasked: UnaskedSubject[] = [];
  if (options.onMail === undefined && options.rates?.messages === undefined) unasked.push("mail");
  if (options.onRecipient === undefined && options.rates?.recipients === undefined) unasked.push("recipient");
  if (options.onData === undefined) unasked.push("data");
  return unasked;
}

/** What a session is told: as all are, but for a transport without TLS among those that have it. */
function able<Told extends { readonly startTls?: boolean }>(told: Told, { startTls }: ConnectionOrigin): Told {
  return startTls === false ? { ...told, startTls } : told;
}
