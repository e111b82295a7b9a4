// The transport over one of Bun's own sockets, in the clear and under TLS.

import type { TlsInfo } from "@carteiro/core";
import { plainAddress, type Receiver, type Transport } from "@carteiro/driver";
import type { Socket, SocketHandler } from "bun";
import type { Tls } from "./tls.ts";

export interface BunTransportOptions {
  /** This side's TLS, from `serverTls` or `clientTls`; without it `startTls` rejects. */
  readonly tls?: Tls;
}

/** A socket that was opened with `socketHandlers`. */
export type BunSocket = Socket<SocketOwner | undefined>;

/** Who is told of a socket: its `data`. */
export interface SocketOwner {
  arrived(octets: Uint8Array): void;
  drained(): void;
  peerEnded(): void;
  closed(error: Error | undefined): void;
  shaken(succeeded: boolean, problem: Error | null): void;
}

/**
 * For `Bun.listen` and `Bun.connect`, beside an `open` that gives the socket to `bunTransport` at once, and beside
 * `allowHalfOpen: true`.
 */
export const socketHandlers: SocketHandler<SocketOwner | undefined> = {
  data: (socket, octets) => socket.data?.arrived(octets),
  drain: (socket) => socket.data?.drained(),
  end: (socket) => socket.data?.peerEnded(),
  error: (socket, error) => socket.data?.closed(error),
  close: (socket, error) => socket.data?.closed(error),
  handshake: (socket, succeeded, problem) => socket.data?.shaken(succeeded, problem),
};

/**
 * A transport over a socket that has just been opened, and that belongs to it from now on. An array written must not
 * change until it has been sent. At most one chunk, of 512 KiB, is read ahead of `read`.
 */
export function bunTransport(socket: BunSocket, options: BunTransportOptions = {}): Transport {
  return new BunTransport(socket, options.tls);
}

/**
 * A transport over such a socket that begins with TLS (RFC 8314 section 3), once the handshake is over. Rejects when that
 * fails, or with the signal's reason, and has closed the socket then.
 */
export async function secureBunTransport(socket: BunSocket, tls: Tls, signal?: AbortSignal): Promise<Transport> {
  return secured(new BunTransport(socket, tls), signal);
}

/** The transport itself, once its handshake is over. */
export async function secured(transport: BunTransport, signal?: AbortSignal): Promise<Transport> {
  const abort = () => transport.destroy();
  signal?.addEventListener("abort", abort, { once: true });
  try {
    if (signal?.aborted === true) abort();
    transport.tls = await transport.startTls();
    return transport;
  } catch (error) {
    throw signal?.aborted === true ? signal.reason : error;
  } finally {
    signal?.removeEventListener("abort", abort);
  }
}

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

export class BunTransport implements Transport, SocketOwner {
  tls: TlsInfo | undefined;
  readonly remote: Transport["remote"];
  readonly local: Transport["local"];
  readonly #upgrade: Tls | undefined;
  #socket: BunSocket;
  #receiver: Receiver | undefined;
  /** Whether the receiver has asked for octets, and has not been told any since. Otherwise the socket is paused. */
  #wanted = false;
  #paused = false;
  /** What came all the same. */
  readonly #chunks: Uint8Array[] = [];
  #hasPeerEnded = false;
  /** What the socket has not taken yet. */
  readonly #unsent: Uint8Array[] = [];
  #writers: Waiter[] = [];
  #ending: Promise<void> | undefined;
  #hasShutDown = false;
  #shaking: Waiter | undefined;
  #secured = false;
  /** That the connection is broken, in words; the error itself is made when it is asked for. */
  #gone: string | undefined;
  #error: Error | undefined;

  constructor(socket: BunSocket, tls: Tls | undefined) {
    this.#socket = socket;
    this.#upgrade = tls;
    this.remote = address(socket.remoteAddress, socket.remotePort);
    this.local = address(socket.localAddress, socket.localPort);
    socket.data = this;
    socket.setNoDelay(true);
    this.#pause();
  }

  attach(receiver: Receiver): void {
    this.#receiver = receiver;
    if (this.#gone !== undefined) receiver.broken(this.#lost());
  }

  read(): void {
    if (this.#wanted) throw new Error("A read is pending already");
    const chunk = this.#chunks.shift();
    if (chunk !== undefined) this.#receiver?.received(chunk);
    else if (this.#hasPeerEnded) this.#receiver?.ended();
    else if (this.#gone !== undefined) this.#receiver?.broken(this.#lost());
    else {
      this.#wanted = true;
      if (this.#paused) this.#socket.resume();
      this.#paused = false;
    }
  }

  write(bytes: Uint8Array): void | Promise<void> {
    if (this.#gone !== undefined) return Promise.reject(this.#lost());
    if (this.#ending !== undefined) return Promise.reject(new Error("Our side of the connection has been ended"));
    // Nothing at all where the socket is gone, which it tells by itself.
    const sent = this.#unsent.length > 0 ? 0 : Math.max(this.#socket.write(bytes), 0);
    if (sent === bytes.length) return;
    this.#unsent.push(bytes.subarray(sent));
    return this.#allSent();
  }

  async startTls(unread?: Uint8Array): Promise<TlsInfo> {
    if (this.#gone !== undefined) throw this.#lost();
    if (this.#upgrade === undefined)
      throw new Error("TLS cannot be started without a certificate or trusted authorities: give `tls`");
    if (this.#secured) throw new Error("TLS has been started already");
    if (this.#wanted) throw new Error("TLS cannot be started while a read is pending");
    try {
      if (this.#hasPeerEnded) throw new Error("TLS cannot be started: the peer has ended the connection");
      if (unread !== undefined || this.#chunks.length > 0)
        throw new Error("TLS cannot be started: octets of the handshake have been read already");
      await this.#shakeHands(this.#upgrade);
      return this.#upgrade.info(this.#socket);
    } catch (error) {
      this.#break(error instanceof Error ? error : new Error(String(error)));
      this.destroy();
      throw error;
    }
  }

  end(): Promise<void> {
    if (this.#ending !== undefined) return this.#ending;
    if (this.#gone !== undefined) return Promise.reject(this.#lost());
    this.#ending = this.#unsent.length === 0 ? Promise.resolve() : this.#allSent();
    const shutDown = () => {
      this.#hasShutDown = true;
      this.#socket.shutdown();
    };
    if (this.#unsent.length === 0) shutDown();
    else this.#ending = watched(this.#ending.then(shutDown));
    return this.#ending;
  }

  destroy(): void {
    this.#drop();
    this.#socket.close();
  }

  reset(): void {
    this.#drop();
    this.#socket.terminate();
  }

  // What the socket tells.

  /** At most one chunk comes unasked. */
  arrived(octets: Uint8Array): void {
    if (!this.#wanted) {
      this.#chunks.push(octets);
      return this.#pause();
    }
    this.#wanted = false;
    this.#receiver?.received(octets);
    // What may be the handshake's beginning stays in the system, where TLS looks for it. Else no more than one chunk comes unasked.
    if (!this.#wanted && this.#upgrade !== undefined && !this.#secured) this.#pause();
  }

  drained(): void {
    for (let next = this.#unsent[0]; next !== undefined; next = this.#unsent[0]) {
      const sent = Math.max(this.#socket.write(next), 0);
      if (sent < next.length) {
        this.#unsent[0] = next.subarray(sent);
        return;
      }
      this.#unsent.shift();
    }
    const writers = this.#writers;
    if (writers.length > 0) this.#writers = [];
    for (const writer of writers) writer.resolve();
  }

  peerEnded(): void {
    this.#hasPeerEnded = true;
    this.#shaking?.reject(new Error("The connection ended before the TLS handshake was over"));
    if (!this.#wanted) return;
    this.#wanted = false;
    this.#receiver?.ended();
  }

  closed(error: Error | undefined): void {
    // Once our side has ended, Bun tells of the peer's end by closing, without an error.
    if (error === undefined && this.#hasShutDown && this.#gone === undefined) this.peerEnded();
    if (this.#gone === undefined) this.#break(error ?? new Error("The connection has been closed"));
  }

  shaken(succeeded: boolean, problem: Error | null): void {
    if (succeeded) this.#shaking?.resolve();
    else this.#shaking?.reject(problem ?? new Error("The TLS handshake failed"));
  }

  #shakeHands({ options }: Tls): Promise<void> {
    this.#secured = true;
    const raw = this.#socket;
    // The socket below goes on telling of what it carries, which concerns nobody any more.
    raw.data = undefined;
    return new Promise((resolve, reject) => {
      this.#shaking = { resolve, reject };
      [, this.#socket] = raw.upgradeTLS<SocketOwner | undefined>({ data: this, tls: options, socket: socketHandlers });
      this.#paused = false;
      raw.resume();
    });
  }

  #pause(): void {
    if (this.#paused || this.#gone !== undefined) return;
    this.#paused = true;
    this.#socket.pause();
  }

  /** Whoever destroys the connection is often the one who waited, and looks no more: that is no unhandled rejection. */
  #allSent(): Promise<void> {
    return watched(new Promise((resolve, reject) => void this.#writers.push({ resolve, reject })));
  }

  #drop(): void {
    this.#chunks.length = 0;
    this.#unsent.length = 0;
    this.#hasPeerEnded = false;
    this.#gone ??= "The connection has been destroyed";
    if (this.#wanted || this.#writers.length > 0 || this.#shaking !== undefined) this.#break(this.#lost());
    this.#socket.data = undefined;
  }

  #break(error: Error): void {
    this.#gone ??= error.message;
    const broken = (this.#error ??= error);
    this.#shaking?.reject(broken);
    const writers = this.#writers;
    this.#writers = [];
    for (const writer of writers) writer.reject(broken);
    this.#wanted = false;
    this.#receiver?.broken(broken);
  }

  /** Why nothing can be read or written; made only when somebody asks, since errors are dear. */
  #lost(): Error {
    return (this.#error ??= new Error(this.#gone));
  }
}

function watched<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}

/** A Unix socket has none. */
function address(ip: string | undefined, port: number | undefined): Transport["remote"] {
  const plain = plainAddress(ip);
  return { ...(plain !== undefined && { address: plain }), ...(port !== undefined && { port }) };
}
