// Octets by what is beneath sockets, for connections that were accepted: to make a socket and to take it apart again costs more than a
// session of one message does. One is made all the same as soon as there is more to it than octets: TLS, a reset, and what may be an end
// or an error before we have ended.

import type { Socket } from "node:net";
import { newRequest, systemError, type Accepted, type End, type Handle } from "./beneath.ts";
import { DirectIntake, type Owner } from "./intake.ts";
import { DirectOutlet } from "./outlet.ts";
import { putBack, SocketWire } from "./socket-wire.ts";
import { address, type Address, type Wire, type WireTaker } from "./wire.ts";

/** Who is at the other end, as far as it is known. */
export function remoteOf(handle: Handle): Address {
  const end: End = {};
  handle.getpeername?.(end);
  return address(end.address, end.port);
}

const none: readonly Buffer[] = [];

export class HandleWire implements Wire, Owner {
  readonly remote: Address;
  readonly local: Address;
  readonly unread: readonly Buffer[] = none;
  readonly #accepted: Accepted;
  readonly #taker: WireTaker;
  readonly intake: DirectIntake;
  readonly outlet: DirectOutlet;
  #isEnding = false;

  constructor(accepted: Accepted, remote: Address, taker: WireTaker) {
    const { handle } = accepted;
    const local: End = {};
    handle.getsockname?.(local);
    this.remote = remote;
    this.local = address(local.address, local.port);
    this.#accepted = accepted;
    this.#taker = taker;
    this.outlet = new DirectOutlet(this, handle, () => taker.emptied());
    this.intake = new DirectIntake(this, handle, taker, (given) => this.#otherwise(given));
  }

  get destroyed(): boolean {
    return this.#accepted.destroyed;
  }

  end(done: (error?: Error | null) => void): void {
    const request = newRequest("Shutdown");
    this.#isEnding = true;
    request.oncomplete = (status) => done(status === 0 ? null : systemError("shutdown", status));
    const status = this.#accepted.handle.shutdown(request);
    if (status !== 0) done(systemError("shutdown", status));
  }

  destroy(error?: Error): void {
    if (this.destroyed) return;
    const isTold = this.#accepted.destroy(error);
    if (!isTold && error !== undefined) this.#taker.broken(error);
  }

  reset(): void {
    if (!this.destroyed) this.#bySocket().resetAndDestroy();
  }

  release(unread: readonly Buffer[]): Socket {
    const socket = this.#bySocket();
    putBack(socket, unread);
    return socket;
  }

  /** What is no octets. */
  #otherwise(given: unknown): void {
    if (this.destroyed) return;
    // By then it is all the same whether the peer ends or breaks the connection.
    if (this.#isEnding && !this.intake.wasFull) return this.#taker.ended();
    const wire = new SocketWire(this.#bySocket(), this.#taker, this.outlet);
    this.#accepted.handle.onread?.(given);
    this.#taker.continues(wire);
  }

  #bySocket(): Socket {
    this.intake.end();
    return this.#accepted.socket();
  }
}
