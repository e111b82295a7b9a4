// The transport over a socket of node:net or node:tls, or over what is beneath one.

import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import type { TlsInfo } from "@carteiro/core";
import type { Receiver, Transport } from "@carteiro/driver";
import type { Accepted } from "./beneath.ts";
import { HandleWire } from "./handle-wire.ts";
import { own } from "./intake.ts";
import { SocketWire } from "./socket-wire.ts";
import { tlsInfo, type Tls } from "./tls.ts";
import type { Address, Wire, WireTaker } from "./wire.ts";

export interface NodeTransportOptions {
  /** This side's TLS, from `serverTls` or `clientTls`; without it `startTls` rejects. */
  readonly tls?: Tls;
}

/**
 * A transport over a connected socket, which belongs to it from now on: nothing else may read from it or write to it. An
 * array written must not change until it has been sent. At most about 192 KiB are read ahead of `read`.
 */
export function nodeTransport(socket: Socket, options: NodeTransportOptions = {}): Transport {
  return transportOver(socket, options.tls);
}

/**
 * A transport over a connected socket that begins with TLS (RFC 8314 section 3), once the handshake is over. Rejects when
 * that fails, and has destroyed the socket then. To give up waiting, destroy the socket.
 */
export async function secureNodeTransport(socket: Socket, tls: Tls): Promise<Transport> {
  const transport = transportOver(socket, tls);
  transport.tls = await transport.startTls();
  return transport;
}

/** A transport over a connection of which no socket has been made. */
export function handleTransport(accepted: Accepted, remote: Address, tls: Tls | undefined): Transport {
  return new NodeTransport((taker) => new HandleWire(accepted, remote, taker), tls);
}

function transportOver(socket: Socket, tls: Tls | undefined): NodeTransport {
  const transport = new NodeTransport((taker) => new SocketWire(socket, taker), tls);
  if (socket instanceof TLSSocket) transport.tls = tlsInfo(socket);
  if (socket.readableEnded) transport.ended();
  if (socket.destroyed) transport.closed();
  return transport;
}

interface Waiter<T> {
  readonly resolve: (value: T) => void;
  readonly reject: (error: Error) => void;
}

class NodeTransport implements Transport, WireTaker {
  tls: TlsInfo | undefined;
  readonly remote: Address;
  readonly local: Address;
  readonly #upgrade: Tls | undefined;
  #wire: Wire;
  /** That beneath TLS, which alone can be reset. */
  #beneath: Wire | undefined;
  /** Come and not yet asked for: with the first of them the wire is paused. */
  readonly #chunks: Buffer[];
  #receiver: Receiver | undefined;
  /** Whether the receiver has asked for octets, and has not been told any since. */
  #wanted = false;
  #writers: Waiter<void>[] = [];
  #peerEnded = false;
  #ending: Promise<void> | undefined;
  #hasEnded = false;
  /** That the connection is broken, in words; the error itself is made when it is asked for. */
  #gone: string | undefined;
  #error: Error | undefined;

  constructor(wire: (taker: WireTaker) => Wire, tls: Tls | undefined) {
    this.#upgrade = tls;
    this.#wire = wire(this);
    this.remote = this.#wire.remote;
    this.local = this.#wire.local;
    this.#chunks = [...this.#wire.unread];
    if (this.#chunks.length > 0) this.#wire.intake.pause();
  }

  attach(receiver: Receiver): void {
    this.#receiver = receiver;
    if (this.#gone !== undefined) receiver.broken(this.#lost());
  }

  read(): void {
    if (this.#wanted) throw new Error("A read is pending already");
    const chunk = this.#chunks.shift();
    if (chunk !== undefined) this.#receiver?.received(chunk);
    else if (this.#peerEnded) this.#receiver?.ended();
    else if (this.#gone !== undefined) this.#receiver?.broken(this.#lost());
    else {
      this.#wanted = true;
      this.#wire.intake.resume();
    }
  }

  write(bytes: Uint8Array): void | Promise<void> {
    return this.#refusal() ?? this.#taken(this.#wire.outlet.write(bytes));
  }

  writeAll(pieces: readonly Uint8Array[]): void | Promise<void> {
    return this.#refusal() ?? this.#taken(this.#wire.outlet.writeAll(pieces));
  }

  /** Why nothing may be written, where that is so. */
  #refusal(): Promise<void> | undefined {
    if (this.#gone !== undefined) return Promise.reject(this.#lost());
    if (this.#ending !== undefined) return Promise.reject(new Error("Our side of the connection has been ended"));
    return undefined;
  }

  /** @param isFree Whether more may follow at once. */
  #taken(isFree: boolean): void | Promise<void> {
    if (this.#gone !== undefined) return watched(Promise.reject(this.#lost()));
    if (isFree) return;
    return watched(new Promise<void>((resolve, reject) => this.#writers.push({ resolve, reject })));
  }

  async startTls(unread?: Uint8Array): Promise<TlsInfo> {
    if (this.#gone !== undefined) throw this.#lost();
    if (this.#upgrade === undefined)
      throw new Error("TLS cannot be started without a certificate or trusted authorities: give `tls`");
    if (this.tls !== undefined || this.#beneath !== undefined) throw new Error("TLS has been started already");
    if (this.#wanted) throw new Error("TLS cannot be started while a read is pending");
    if (this.#peerEnded) throw new Error("TLS cannot be started: the peer has ended the connection");
    if (unread !== undefined) this.#chunks.unshift(Buffer.from(unread));
    this.#beneath = this.#wire;
    const socket = this.#wire.release(this.#chunks.splice(0));
    try {
      const upgrade = this.#upgrade.upgrade(socket);
      this.#wire = new SocketWire(upgrade.socket, this);
      await upgrade.handshake;
      return upgrade.info();
    } catch (error) {
      this.broken(error instanceof Error ? error : new Error(String(error)));
      this.destroy();
      throw error;
    }
  }

  end(): Promise<void> {
    if (this.#ending !== undefined) return this.#ending;
    if (this.#gone !== undefined) return Promise.reject(this.#lost());
    this.#ending = watched(
      new Promise((resolve, reject) => {
        this.#wire.end((error) => {
          this.#hasEnded = true;
          if (error) reject(this.#gone === undefined ? error : this.#lost());
          else resolve();
        });
      }),
    );
    return this.#ending;
  }

  destroy(): void {
    this.#chunks.length = 0;
    this.#peerEnded = false;
    this.#gone ??= "The connection has been destroyed";
    if (this.#wanted || this.#writers.length > 0) this.broken(this.#lost());
    this.#wire.destroy();
  }

  reset(): void {
    // While its end is under way the system refuses, and Node would never close it.
    if (this.#ending === undefined || this.#hasEnded) this.#tryReset();
    this.destroy();
  }

  #tryReset(): void {
    try {
      (this.#beneath ?? this.#wire).reset();
    } catch {
      // A Unix socket knows no reset.
    }
  }

  /** Why nothing can be read or written; made only when somebody asks, since errors are dear. */
  #lost(): Error {
    return (this.#error ??= new Error(this.#gone));
  }

  // For the wire.

  /** Flowing as long as the reader keeps up. */
  came(chunk: Buffer): void {
    if (!this.#wanted) {
      this.#chunks.push(chunk);
      this.#wire.intake.pause();
      return;
    }
    this.#wanted = false;
    this.#receiver?.received(chunk);
  }

  lent(chunk: Buffer): void {
    const receiver = this.#receiver;
    if (!this.#wanted || receiver?.lent === undefined) return this.came(own(chunk));
    this.#wanted = false;
    receiver.lent(chunk, own);
  }

  emptied(): void {
    if (this.#writers.length === 0) return;
    const writers = this.#writers;
    this.#writers = [];
    for (const writer of writers) writer.resolve();
  }

  ended(): void {
    this.#peerEnded = true;
    if (!this.#wanted) return;
    this.#wanted = false;
    this.#receiver?.ended();
  }

  continues(wire: Wire): void {
    this.#wire = wire;
    wire.intake.resume();
    if (!this.#wanted) wire.intake.pause();
  }

  closed(): void {
    if (this.#gone === undefined) this.broken(new Error("The connection has been closed"));
  }

  broken(error: Error): void {
    this.#gone ??= error.message;
    const broken = (this.#error ??= error);
    const writers = this.#writers;
    this.#writers = [];
    for (const writer of writers) writer.reject(broken);
    this.#wanted = false;
    this.#receiver?.broken(broken);
  }
}

/** Whoever destroys the connection is often the one who waited, and looks no more: that is no unhandled rejection. */
function watched<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}
