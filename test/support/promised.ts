// A transport as tests like to use it: a read is a promise.

import type { TlsInfo } from "@carteiro/core";
import type { Receiver, Transport } from "@carteiro/driver";

interface Waiter {
  readonly resolve: (bytes: Uint8Array | undefined) => void;
  readonly reject: (error: unknown) => void;
}

export class Promised implements Receiver {
  readonly #transport: Transport;
  #waiter: Waiter | undefined;
  /** What the last word on a breakage was. */
  #error: unknown;

  constructor(transport: Transport) {
    this.#transport = transport;
    transport.attach(this);
  }

  get tls(): TlsInfo | undefined {
    return this.#transport.tls;
  }

  get remote(): Transport["remote"] {
    return this.#transport.remote;
  }

  get local(): Transport["local"] {
    return this.#transport.local;
  }

  /** The next octets, `undefined` once the peer has ended. Rejects where the connection is broken, or another read is pending. */
  read(): Promise<Uint8Array | undefined> {
    return new Promise((resolve, reject) => {
      if (this.#waiter === undefined) this.#waiter = { resolve, reject };
      this.#transport.read()?.catch(reject);
    });
  }

  write(bytes: Uint8Array): void | Promise<void> {
    return this.#transport.write(bytes);
  }

  /** One after the other where the transport does not take them together. */
  async writeAll(pieces: readonly Uint8Array[]): Promise<void> {
    if (this.#transport.writeAll !== undefined) return this.#transport.writeAll(pieces);
    for (const piece of pieces) await this.#transport.write(piece);
  }

  startTls(unread?: Uint8Array): Promise<TlsInfo> {
    return this.#transport.startTls(unread);
  }

  end(): Promise<void> {
    return this.#transport.end();
  }

  destroy(): void {
    this.#transport.destroy();
  }

  received(bytes: Uint8Array): void {
    this.#taken()?.resolve(bytes);
  }

  ended(): void {
    this.#taken()?.resolve(undefined);
  }

  /** What has arrived before can still be read: a read that is about to be answered, with octets or with its own error, is. */
  broken(error: unknown): void {
    this.#error = error;
    if (this.#waiter !== undefined) void this.#rejectSoon(this.#waiter);
  }

  async #rejectSoon(waiter: Waiter): Promise<void> {
    for (let turn = 0; turn < 50; turn++) await Promise.resolve();
    if (this.#waiter === waiter) this.#taken()?.reject(this.#error);
  }

  #taken(): Waiter | undefined {
    const waiter = this.#waiter;
    this.#waiter = undefined;
    return waiter;
  }
}

/** Both ends of a connection. */
export function promised([one, other]: readonly [Transport, Transport]): [Promised, Promised] {
  return [new Promised(one), new Promised(other)];
}
