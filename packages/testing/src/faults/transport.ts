// A transport that harms what passes through it, as the rules of a plan say. It works on either end of a connection: above TLS,
// so that it sees what is said.

import type { TlsInfo } from "@carteiro/core";
import type { Receiver, Transport, Wrapping } from "@carteiro/driver";
import { Exchange, type Side } from "./exchange.ts";
import type { Occasions } from "./occasions.ts";
import { Outlet, type Sink } from "./outlet.ts";
import { stepsOf, type Step } from "./steps.ts";

/** Milliseconds for the last words to leave. */
const leaving = 30_000;
/** Milliseconds that the connection is then kept, so that they reach a peer that is still sending. */
const lingering = 1_000;
/** Octets on their way to the peer beyond which the session is asked to wait. */
const mostUnsent = 65_536;
/** What a handshake is broken off with: `handshake_failure` (RFC 8446 §6). */
const alert: Step = { type: "octets", octets: Uint8Array.of(0x15, 3, 3, 0, 2, 2, 40) };

export class FaultyTransport implements Transport, Receiver {
  readonly #inner: Transport;
  readonly #wrapping: Wrapping;
  readonly #occasions: Occasions;
  readonly #freed: () => void;
  /** The session's side, and the other. */
  readonly #own: Side;
  readonly #peer: Side;
  readonly #toSession: Outlet;
  readonly #toPeer: Outlet;
  readonly #exchange: Exchange;
  #receiver: Receiver | undefined;

  /** What the session is to get when it asks. */
  readonly #ready: (Uint8Array | "ended")[] = [];
  #wanted = false;
  /** Asked the transport beneath, and not yet answered. */
  #reading = false;
  #innerEnded = false;
  #unsent = 0;
  /** A fault has taken the connection from the session. */
  #seized = false;
  #stalled = false;
  /** Of the stalled side it is the peer who says nothing more. */
  #peerSilent = false;
  /** The session has done with the connection. */
  #left = false;
  #freeing = false;
  #cancelLingering: (() => void) | undefined;

  constructor(inner: Transport, wrapping: Wrapping, occasions: Occasions, freed: () => void) {
    this.#inner = inner;
    this.#wrapping = wrapping;
    this.#occasions = occasions;
    this.#freed = freed;
    this.#own = wrapping.role;
    this.#peer = wrapping.role === "server" ? "client" : "server";
    this.#toSession = new Outlet(wrapping.clock, this.#sessionSink());
    this.#toPeer = new Outlet(wrapping.clock, this.#peerSink());
    const outlets = { [this.#own]: this.#toPeer, [this.#peer]: this.#toSession } as Record<Side, Outlet>;
    this.#exchange = new Exchange(occasions, outlets);
  }

  get tls(): TlsInfo | undefined {
    return this.#inner.tls;
  }

  get remote(): Transport["remote"] {
    return this.#inner.remote;
  }

  get local(): Transport["local"] {
    return this.#inner.local;
  }

  /** Closes the connection where nobody but a fault keeps it open. */
  release(): void {
    if (this.#left) this.#free();
  }

  // For the session.

  attach(receiver: Receiver): void {
    this.#receiver = receiver;
    this.#inner.attach(this);
  }

  read(): void {
    this.#wanted = true;
    this.#watch();
    this.#deliver();
  }

  write(bytes: Uint8Array): void | Promise<void> {
    this.#watch();
    // What is written may be changed once it is taken, and here it may be kept.
    this.#exchange.heard(this.#own, bytes.slice());
    if (this.#exchange.deaf) return new Promise(() => undefined);
    if (this.#unsent > mostUnsent || (!this.#toPeer.idle && !this.#toPeer.waiting)) return this.#toPeer.drained();
  }

  async startTls(unread?: Uint8Array): Promise<TlsInfo> {
    this.#watch();
    await this.#toPeer.drained();
    const ownFault = this.#exchange.tls(this.#own);
    const peerFault = this.#exchange.tls(this.#peer);
    if (ownFault.length > 0) await this.#spoil(this.#toPeer, ownFault);
    if (peerFault.length > 0) await this.#spoil(this.#toSession, peerFault);
    const tls = await this.#inner.startTls(unread);
    this.#exchange.secured();
    return tls;
  }

  async end(): Promise<void> {
    this.#exchange.ended(this.#own);
    await this.#toPeer.drained();
  }

  destroy(): void {
    if (this.#left) return;
    this.#left = true;
    this.#toSession.close();
    // What a fault holds back is still to be said, and who is to wait must not hear that the session is over.
    if (this.#toPeer.waiting) void this.#toPeer.drained()?.then(() => this.#linger(lingering));
    if (this.#toPeer.waiting || this.#seized) return this.#discard();
    this.#free();
  }

  reset(): void {
    this.#inner.reset?.();
    this.destroy();
  }

  /** Whether the session has come to a state that a rule names. */
  #watch(): void {
    if (!this.#left) this.#exchange.arrived(this.#wrapping.state());
  }

  // For the transport beneath.

  received(bytes: Uint8Array): void {
    this.#reading = false;
    if (this.#seized || this.#left) return this.#discard();
    this.#exchange.heard(this.#peer, bytes);
    this.#deliver();
  }

  ended(): void {
    this.#reading = false;
    this.#innerEnded = true;
    if (this.#stalled) this.#lost(new Error("The peer has ended a connection that was stalled on purpose"));
    if (this.#seized || this.#left) return this.#left ? this.#free() : undefined;
    this.#exchange.ended(this.#peer);
    this.#deliver();
  }

  broken(error: unknown): void {
    this.#reading = false;
    this.#lost(error);
    if (this.#left) this.#free();
  }

  /** From a peer that is to be silent for ever the session does not hear even that it is gone. */
  #lost(error: unknown): void {
    if (!this.#peerSilent) this.#receiver?.broken(error);
  }

  // To the session.

  #deliver(): void {
    while (this.#wanted && !this.#left) {
      const next = this.#ready.shift();
      if (next === undefined) return this.#pull();
      this.#wanted = false;
      if (next === "ended") this.#receiver?.ended();
      else this.#receiver?.received(next);
      this.#watch();
    }
  }

  /** Reads on once all that was read has gone on. */
  #pull(): void {
    if (this.#seized) return;
    if (this.#toSession.idle) return this.#read();
    void this.#toSession.drained()?.then(() => this.#deliver());
  }

  #read(): void {
    if (this.#reading || this.#innerEnded || this.#freeing) return;
    this.#reading = true;
    try {
      this.#inner.read()?.catch((error: unknown) => this.broken(error));
    } catch (error) {
      this.broken(error);
    }
  }

  /** Reads for nobody, so that it is seen when the peer goes. */
  #discard(): void {
    if (this.#innerEnded) return this.#left ? this.#free() : undefined;
    if (this.#exchange.deaf && !this.#left) return;
    queueMicrotask(() => this.#read());
  }

  #sessionSink(): Sink {
    return {
      octets: (octets) => {
        this.#ready.push(octets);
        this.#deliver();
      },
      ended: (how) => {
        if (how === "stall") {
          this.#peerSilent = true;
          return this.#stall();
        }
        if (how === "reset") return this.#breakOff(() => this.#reset());
        this.#ready.push("ended");
        if (how === "drop") this.#seize(() => this.#inner.destroy());
        this.#deliver();
      },
    };
  }

  // To the peer.

  #peerSink(): Sink {
    return {
      octets: (octets) => this.#send(octets),
      ended: (how) => {
        if (how === "stall") return this.#stall();
        if (how === "reset") return this.#breakOff(() => this.#reset());
        if (how === "drop") return this.#breakOff(() => this.#end());
        if (how === "halfClose") this.#inner.end().catch((error: unknown) => this.broken(error));
      },
    };
  }

  #send(octets: Uint8Array): void | Promise<void> {
    try {
      const pending = this.#inner.write(octets);
      if (pending === undefined) return;
      this.#unsent += octets.length;
      const sent = () => void (this.#unsent -= octets.length);
      return pending.then(sent, (error: unknown) => (sent(), this.broken(error)));
    } catch (error) {
      this.broken(error);
    }
  }

  // Faults of the whole connection.

  #stall(): void {
    this.#stalled = true;
    this.#seize(() => this.#discard());
  }

  /** Neither side hears of the other any more. */
  #seize(act: () => void): void {
    this.#seized = true;
    this.#toSession.close();
    this.#toPeer.close();
    act();
  }

  /** The session is told that it is over. */
  #breakOff(act: () => void): void {
    this.#seize(act);
    this.#receiver?.broken(connectionBroken());
  }

  #reset(): void {
    if (this.#inner.reset === undefined) this.#inner.destroy();
    else this.#inner.reset();
    this.#innerEnded = true;
  }

  #end(): void {
    this.#linger(leaving);
    this.#inner.end().then(
      () => this.#linger(lingering),
      () => this.#free(),
    );
  }

  #linger(ms: number): void {
    if (this.#freeing || this.#stalled) return;
    this.#cancelLingering?.();
    this.#cancelLingering = this.#wrapping.clock.after(ms, () => this.#free());
    this.#discard();
  }

  async #spoil(outlet: Outlet, what: Parameters<typeof stepsOf>[1]): Promise<void> {
    const fails = what.some(({ do: name }) => name === "tlsFailure" || name === "garbage");
    const steps = stepsOf(new Uint8Array(0), what, this.#occasions.random);
    outlet.push(fails ? [...steps.filter(({ type }) => type !== "drop"), alert, { type: "drop" }] : steps);
    await outlet.drained();
    if (this.#stalled) return new Promise(() => undefined);
    if (this.#seized) throw new Error("The TLS handshake was broken off on purpose");
  }

  #free(): void {
    if (this.#freeing) return;
    this.#freeing = true;
    this.#cancelLingering?.();
    this.#toPeer.close();
    this.#inner.destroy();
    this.#freed();
  }
}

function connectionBroken(): Error {
  return Object.assign(new Error("The connection was broken on purpose"), { code: "ECONNRESET" });
}
