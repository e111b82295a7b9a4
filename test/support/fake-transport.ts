// A transport that does exactly what a test tells it to, and notes what is asked of it.

import type { Own, Receiver, Transport } from "@carteiro/driver";
import { text } from "./transfers.ts";

type Settle = { resolve: () => void; reject: (error: Error) => void };

export class FakeTransport implements Transport {
  readonly tls = undefined;
  readonly remote = { address: "192.0.2.1", port: 49_152 };
  readonly local = { address: "192.0.2.25", port: 25 };
  /** In the order in which they were called. */
  readonly calls: string[] = [];
  readonly written: Uint8Array[] = [];
  /** Whether writes wait until `drain`. */
  slow = false;
  destroyed = false;
  /** Whether a read is to be answered. */
  reading = false;
  #receiver: Receiver | undefined;
  #writes: Settle[] = [];
  #handshake: Settle | undefined;
  #ends: Settle[] = [];
  /** Whether `end` waits until `drain`. */
  slowEnd = false;

  get writtenText(): string {
    return this.written.map(text).join("");
  }

  attach(receiver: Receiver): void {
    this.#receiver = receiver;
  }

  read(): void {
    this.calls.push("read");
    if (this.reading) throw new Error("A read is pending already");
    this.reading = true;
    if (this.destroyed) this.fail(new Error("destroyed"));
  }

  write(bytes: Uint8Array): void | Promise<void> {
    this.calls.push("write");
    if (this.destroyed) return Promise.reject(new Error("destroyed"));
    this.written.push(bytes);
    if (this.slow) return new Promise((resolve, reject) => this.#writes.push({ resolve, reject }));
  }

  async startTls(): Promise<{ readonly protocol: string }> {
    this.calls.push("startTls");
    if (this.reading) throw new Error("A read is pending");
    if (this.#writes.length > 0) throw new Error("A write is pending");
    await new Promise<void>((resolve, reject) => (this.#handshake = { resolve, reject }));
    return { protocol: "fake" };
  }

  end(): Promise<void> {
    this.calls.push("end");
    if (this.destroyed) return Promise.reject(new Error("destroyed"));
    if (!this.slowEnd) return Promise.resolve();
    return new Promise((resolve, reject) => this.#ends.push({ resolve, reject }));
  }

  destroy(): void {
    if (this.destroyed) return;
    this.calls.push("destroy");
    this.destroyed = true;
    this.fail(new Error("destroyed"));
  }

  // What the world does.

  /** Octets come, or the peer's end. A read must be pending. */
  async come(what: string | undefined): Promise<void> {
    if (!this.reading) throw new Error("Nobody reads");
    this.reading = false;
    if (what === undefined) this.#receiver?.ended();
    else this.#receiver?.received(new TextEncoder().encode(what));
    await settled();
  }

  /** Octets come that are others later. They are not those asked for where no read is pending. */
  async lend(bytes: Uint8Array, own: Own): Promise<void> {
    this.reading = false;
    this.#receiver?.lent?.(bytes, own);
    await settled();
  }

  /** Breaks the connection although nobody reads or writes. */
  break(error: Error): void {
    this.#receiver?.broken(error);
  }

  /** What was written is taken. */
  async drain(): Promise<void> {
    for (const { resolve } of [...this.#writes.splice(0), ...this.#ends.splice(0)]) resolve();
    await settled();
  }

  async secure(): Promise<void> {
    this.#handshake?.resolve();
    await settled();
  }

  /** Everything that is pending rejects. */
  fail(error: Error): void {
    if (this.reading) this.#receiver?.broken(error);
    this.reading = false;
    this.#handshake?.reject(error);
    for (const { reject } of [...this.#writes.splice(0), ...this.#ends.splice(0)]) reject(error);
  }
}

/** Lets everything happen that waits for nothing but promises. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await Promise.resolve();
}
