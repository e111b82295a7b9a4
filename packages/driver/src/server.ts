// A server without sockets: it takes transports and keeps the connections. Adapters add the listening.

import { serverProfile, type UnaskedSubject } from "@carteiro/core";
import { Bell } from "./bell.ts";
import { systemClock, type Clock } from "./clock.ts";
import { webCompute, type Compute } from "./compute.ts";
import { commandHandlers } from "./commands.ts";
import { CheckGate } from "./check-gate.ts";
import type { Admission, ConnectionContext, ConnectionOrigin } from "./connection-context.ts";
import { Connection } from "./connection.ts";
import { CredentialsDesk } from "./credentials.ts";
import { disconnect, type Disconnect } from "./decisions.ts";
import { Emitter } from "./emitter.ts";
import { networks } from "./networks.ts";
import { Places, type Leave } from "./places.ts";
import { Profiles } from "./profiles.ts";
import { RateGuard } from "./rate-guard.ts";
import type { Resolver } from "./resolver.ts";
import type { ServerEvents, ServerHandlers, ServerOptions, SessionInfo } from "./server-options.ts";
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
/** Octets that a client may leave unread before it is no longer listened to. */
const unsentLimit = 1_048_576;

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
  readonly #events: Emitter<ServerEvents>;
  readonly #profiles: Profiles;
  readonly #places: Places;
  readonly #context: ConnectionContext;
  readonly #connections = new Set<Connection>();
  readonly #allClosed = new Bell();
  #refusing = 0;
  #accepted = 0;
  #closing = false;

  /** Throws `InvalidValueError`, `RangeError` or `TypeError` for options that make no sense, naming the one. */
  constructor(options: ServerOptions, platform: Platform) {
    const { connections } = options;
    const { clock = systemClock, compute = webCompute, startTls } = platform;
    refuseStrangeHandlers(options);
    const credentials = new CredentialsDesk(options, compute);
    const authentication = credentials.session;
    if (options.onReference === undefined && options.extensions?.some(({ keyword }) => keyword === "BURL") === true)
      throw new TypeError("extensions have BURL: add onReference, the handler that fetches what URLs refer to");
    const events = new Emitter<ServerEvents>((error, name) => name !== "error" && this.report(error));
    const { authentication: _, ...rest } = options;
    const unasked = unaskedIn(options, authentication !== undefined);
    const sessionOptions = { ...rest, startTls, unasked, ...(authentication && { authentication }) };
    const profile = serverProfile(sessionOptions);
    const { checksAtOnce = defaultChecksAtOnce, checksPerClient = defaultChecksPerClient } =
      options.authentication ?? {};
    const longest = profile.timeouts.decision;
    this.#events = events;
    this.#profiles = new Profiles(profile);
    this.#places = new Places({ total: defaultTotal, perAddress: defaultPerAddress, ...connections });
    this.#context = {
      options,
      sessionOptions,
      events,
      credentials,
      driving: { clock, compute, unsentLimit, takesLent: true },
      commands: commandHandlers(options.commands ?? {}, profile.registry.questions),
      isTrusted: networks(options.trusted ?? []),
      rates: new RateGuard(options.rates ?? {}, clock, events, authentication !== undefined),
      checks: new CheckGate({ checksAtOnce, checksPerClient, longest }, clock),
      resolver: options.resolver ?? platform.resolver,
    };
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
    return new Promise((resolve) => this.admit(transport, origin, resolve));
  }

  /** As `accept`, for who need not wait for the end of each connection: `closed` is called then. For adapters. */
  admit(transport: Transport, origin: ConnectionOrigin = {}, closed?: () => void): void {
    const leave = this.reserve(origin.proxied === true ? undefined : transport.remote.address);
    if (leave !== undefined) return this.#serve(transport, { origin, refusal: undefined }, leave, closed);
    if (this.#refusing < refusalsAtOnce && origin.implicitTls !== true)
      return this.#serve(transport, { origin, refusal: this.#refusal }, this.#refuse(), closed);
    transport.destroy();
    closed?.();
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
    if (this.#connections.size > 0) await this.#allClosed.wait();
    signal?.removeEventListener("abort", force);
  }

  /** Closes every connection now, with a 421 where it can still be said; what was not acknowledged is not kept. */
  async destroy(): Promise<void> {
    this.#closing = true;
    for (const connection of this.#connections) connection.destroy(closing.reply);
    if (this.#connections.size > 0) await this.#allClosed.wait();
  }

  /** As `close` does. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #serve(
    transport: Transport,
    { origin, refusal }: Pick<Admission, "origin" | "refusal">,
    reserved: Leave,
    closed?: () => void,
  ): void {
    this.#accepted += 1;
    let leave = reserved;
    const asks = refusal !== undefined || origin.proxied === true;
    const connection: Connection = new Connection(String(this.#accepted), transport, this.#context, {
      origin,
      refusal,
      profile: this.#profiles.of({ trace: this.#events.has("trace"), startTls: origin.startTls !== false, asks }),
      settle: (address) => {
        leave();
        const place = this.reserve(address);
        leave = place ?? this.#refuse();
        return place === undefined ? this.#refusal : undefined;
      },
      over: () => {
        this.#connections.delete(connection);
        leave();
        closed?.();
        if (this.#connections.size === 0) this.#allClosed.ring();
      },
    });
    this.#connections.add(connection);
    connection.start();
  }
}

const handlers: Readonly<Record<Extract<keyof ServerHandlers, `on${string}`>, true>> = {
  onConnection: true,
  onHello: true,
  onStartTls: true,
  onAuthenticate: true,
  onToken: true,
  onExternal: true,
  onAnonymous: true,
  onMail: true,
  onRecipient: true,
  onData: true,
  onReference: true,
  onMessage: true,
  onReset: true,
  onVerify: true,
  onExpand: true,
  onHelp: true,
};

/** A step without a handler is accepted: a handler whose name is misspelt must not be one that is missing. */
function refuseStrangeHandlers(options: ServerOptions): void {
  const strange = Object.keys(options).find((name) => name.startsWith("on") && !Object.hasOwn(handlers, name));
  if (strange === undefined) return;
  throw new TypeError(`${strange} is no handler: known are ${Object.keys(handlers).join(", ")}`);
}

/** Steps that no handler is called for and no rate counts. */
function unaskedIn(options: ServerOptions, authenticates: boolean): UnaskedSubject[] {
  const { rates = {} } = options;
  const unasked: UnaskedSubject[] = [];
  const counts = rates.connections !== undefined || rates.failedAuthentications !== undefined;
  // Who has failed to authenticate too often is counted by default.
  if (options.onConnection === undefined && !counts && !authenticates) unasked.push("connection");
  if (options.onHello === undefined) unasked.push("hello");
  if (options.onMail === undefined && rates.messages === undefined) unasked.push("mail");
  if (options.onRecipient === undefined && rates.recipients === undefined) unasked.push("recipient");
  if (options.onData === undefined) unasked.push("data");
  return unasked;
}
