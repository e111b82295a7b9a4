// The transport over a socket of node:net or node:tls.

import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import type { TlsInfo } from "@carteiro/core";
import { plainAddress, type Receiver, type Transport } from "@carteiro/driver";
import { intake, own, type Intake, type Taker } from "./intake.ts";
import { outlet, type Outlet } from "./outlet.ts";
import { tlsInfo, type Tls } from "./tls.ts";

export interface NodeTransportOptions {
  /** This side's TLS, from `serverTls` or `clientTls`; without it `startTls` rejects. */
  readonly tls?: Tls;
}

/**
 * A transport over a connected socket, which belongs to it from now on: nothing else may read from it or write to it. An
 * array written must not change until it has been sent. At most about 192 KiB are read ahead of `read`.
 */
export function nodeTransport(socket: Socket, options: NodeTransportOptions = {}): Transport {
  return new NodeTransport(socket, options.tls);
}

/**
 * A transport over a connected socket that begins with TLS (RFC 8314 section 3), once the handshake is over. Rejects when
 * that fails, and has destroyed the socket then. To give up waiting, destroy the socket.
 */
export async function secureNodeTransport(socket: Socket, tls: Tls): Promise<Transport> {
  const transport = new NodeTransport(socket, tls);
  transport.tls = await transport.startTls();
  return transport;
}

export type Address = { readonly address?: string; readonly port?: number };

interface Waiter<T> {
  readonly resolve: (value: T) => void;
  readonly reject: (error: Error) => void;
}

class NodeTransport implements Transport, Taker {
  tls: TlsInfo | undefined;
  readonly remote: Address;
  readonly local: Address;
  readonly #upgrade: Tls | undefined;
  #socket: Socket;
  /** The same, or what is beneath TLS: that alone can be reset. */
  readonly #raw: Socket;
  #intake: Intake | undefined;
  #outlet: Outlet | undefined;
  /** Read from the socket and not yet asked for: with the first of them the intake is paused. */
  readonly #chunks: Buffer[] = [];
  #receiver: Receiver | undefined;
  /** Whether the receiver has asked for octets, and has not been told any since. */
  #wanted = false;
  #writers: Waiter<void>[] = [];
  #peerEnded = false;
  #ending: Promise<void> | undefined;
  /** That the connection is broken, in words; the error itself is made when it is asked for. */
  #gone: string | undefined;
  #error: Error | undefined;

  constructor(socket: Socket, tls: Tls | undefined) {
    this.#socket = this.#raw = socket;
    this.#upgrade = tls;
    this.tls = socket instanceof TLSSocket ? tlsInfo(socket) : undefined;
    this.remote = address(socket.remoteAddress, socket.remotePort);
    this.local = address(socket.localAddress, socket.localPort);
    this.#peerEnded = socket.readableEnded;
    if (socket.destroyed) this.#gone = "The connection has been closed";
    this.#listen();
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
      this.#intake?.resume();
    }
  }

  write(bytes: Uint8Array): void | Promise<void> {
    if (this.#gone !== undefined) return Promise.reject(this.#lost());
    if (this.#ending !== undefined) return Promise.reject(new Error("Our side of the connection has been ended"));
    if (this.#outlet?.write(bytes) === true) return;
    return watched(new Promise<void>((resolve, reject) => this.#writers.push({ resolve, reject })));
  }

  async startTls(unread?: Uint8Array): Promise<TlsInfo> {
    if (this.#gone !== undefined) throw this.#lost();
    if (this.#upgrade === undefined)
      throw new Error("TLS cannot be started without a certificate or trusted authorities: give `tls`");
    if (this.#socket instanceof TLSSocket) throw new Error("TLS has been started already");
    if (this.#wanted) throw new Error("TLS cannot be started while a read is pending");
    if (this.#peerEnded) throw new Error("TLS cannot be started: the peer has ended the connection");
    if (unread !== undefined) this.#chunks.unshift(Buffer.from(unread));
    this.#detach();
    try {
      const upgrade = this.#upgrade.upgrade(this.#socket);
      this.#socket = upgrade.socket;
      this.#listen();
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
        this.#socket.end((error?: Error | null) =>
          error ? reject(this.#gone === undefined ? error : this.#lost()) : resolve(),
        );
      }),
    );
    return this.#ending;
  }

  destroy(): void {
    this.#chunks.length = 0;
    this.#peerEnded = false;
    this.#gone ??= "The connection has been destroyed";
    if (this.#wanted || this.#writers.length > 0) this.broken(this.#lost());
    this.#socket.destroy();
  }

  reset(): void {
    try {
      this.#raw.resetAndDestroy();
    } catch {
      // A Unix socket knows no reset.
    }
    this.destroy();
  }

  /** Why nothing can be read or written; made only when somebody asks, since errors are dear. */
  #lost(): Error {
    return (this.#error ??= new Error(this.#gone));
  }

  #listen(): void {
    const socket: OwnedSocket = this.#socket;
    socket[owner] = this;
    socket.allowHalfOpen = true;
    socket.setNoDelay(true);
    for (const [event, listener] of listeners) socket.on(event, listener);
    this.#outlet = outlet(socket, () => this.#drained());
    this.#intake = intake(socket, this);
    if (this.#chunks.length > 0) this.#intake.pause();
  }

  /** Leaves the socket at rest, with all that was not asked for back in its buffer, where TLS looks for it. */
  #detach(): void {
    const socket = this.#socket;
    this.#intake?.end();
    this.#outlet?.end();
    for (const [event, listener] of listeners) socket.off(event, listener);
    // What befalls it from now on is told by the socket on top of it.
    socket.on("error", () => {});
    for (let chunk = this.#chunks.pop(); chunk !== undefined; chunk = this.#chunks.pop()) socket.unshift(chunk);
  }

  /** For the intake: flowing as long as the reader keeps up. */
  came(chunk: Buffer): void {
    if (!this.#wanted) {
      this.#chunks.push(chunk);
      this.#intake?.pause();
      return;
    }
    this.#wanted = false;
    this.#receiver?.received(chunk);
  }

  /** For the intake. */
  lent(chunk: Buffer): void {
    const receiver = this.#receiver;
    if (!this.#wanted || receiver?.lent === undefined) return this.came(own(chunk));
    this.#wanted = false;
    receiver.lent(chunk, own);
  }

  #drained(): void {
    if (this.#writers.length === 0) return;
    const writers = this.#writers;
    this.#writers = [];
    for (const writer of writers) writer.resolve();
  }

  // For the listeners.

  ended(): void {
    this.#peerEnded = true;
    if (!this.#wanted) return;
    this.#wanted = false;
    this.#receiver?.ended();
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

/** Where a socket has its transport: the listeners are the same for all, since three for each would weigh as much as all else here. */
const owner = Symbol("transport");

interface OwnedSocket extends Socket {
  [owner]?: NodeTransport;
}

const listeners = [
  ["end", onEnd],
  ["error", onError],
  ["close", onClose],
] as const;

function onEnd(this: OwnedSocket): void {
  this[owner]?.ended();
}

function onError(this: OwnedSocket, error: Error): void {
  this[owner]?.broken(error);
}

function onClose(this: OwnedSocket): void {
  this[owner]?.closed();
}

/** Whoever destroys the connection is often the one who waited, and looks no more: that is no unhandled rejection. */
function watched<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}

/** Of one end of a connection, as far as the socket knows it. */
export function address(ip: string | undefined, port: number | undefined): Address {
  const plain = plainAddress(ip);
  if (plain === undefined) return port === undefined ? {} : { port };
  return port === undefined ? { address: plain } : { address: plain, port };
}
