// A session's transport on which one thing goes wrong, at an octet or an instant.

import type { TlsInfo } from "@carteiro/core";
import type { Receiver, Transport, Wrapping } from "@carteiro/driver";
import type { Fault } from "./scenario.ts";

/** The transport, with each of the faults. */
export function faulty(transport: Transport, { clock }: Pick<Wrapping, "clock">, faults: readonly Fault[]): Transport {
  return faults.reduce<Transport>((inner, fault) => new FaultyTransport(inner, clock, fault), transport);
}

/** What becomes of a spoiled octet: nothing else in a dialogue is one. */
export const spoiled = { from: 0x7e, to: 0x21 } as const;

/** Milliseconds that a route is gone. */
const outage = 900_000;

class FaultyTransport implements Transport, Receiver {
  readonly #inner: Transport;
  readonly #clock: Wrapping["clock"];
  readonly #fault: Fault;
  readonly #cancel: () => void;
  readonly #waiting: ((error: Error) => void)[] = [];
  #receiver: Receiver | undefined;
  #written = 0;
  #happened = false;
  #spoiled = false;
  #destroyed = false;
  /** When the last octet that dribbles will have left. */
  #dribbling: Promise<void> = Promise.resolve();

  constructor(inner: Transport, clock: Wrapping["clock"], fault: Fault) {
    this.#inner = inner;
    this.#clock = clock;
    this.#fault = fault;
    const { after } = fault;
    this.#cancel = "octets" in after ? () => undefined : clock.after(after.milliseconds, () => this.#happen());
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

  attach(receiver: Receiver): void {
    this.#receiver = receiver;
    this.#inner.attach(this);
  }

  read(): void | Promise<void> {
    return this.#inner.read();
  }

  write(bytes: Uint8Array): void | Promise<void> {
    const { after } = this.#fault;
    const room = "octets" in after && !this.#happened ? after.octets - this.#written : Infinity;
    if (this.#happened || bytes.length <= room) {
      this.#written += bytes.length;
      return this.#happened ? this.#writtenAfter(bytes) : this.#inner.write(bytes);
    }
    if (room > 0) void Promise.resolve(this.#inner.write(bytes.subarray(0, room))).catch(() => undefined);
    this.#written += bytes.length;
    this.#happen();
    return this.#writtenAfter(bytes.subarray(room));
  }

  async startTls(unread?: Uint8Array): Promise<TlsInfo> {
    if (this.#fault.kind === "tlsStalls") return this.#never();
    if (this.#fault.kind !== "tlsFails") return this.#inner.startTls(unread);
    this.#inner.destroy();
    throw new Error("The handshake failed");
  }

  async end(): Promise<void> {
    await this.#dribbling;
    if (!this.#happened) return this.#inner.end();
    switch (this.#fault.kind) {
      case "blocked":
        return this.#never();
      case "lost":
      case "halfClose":
        return;
      default:
        return this.#inner.end();
    }
  }

  destroy(): void {
    if (this.#destroyed) return;
    this.#destroyed = true;
    this.#cancel();
    for (const reject of this.#waiting.splice(0)) reject(new Error("The connection has been destroyed"));
    // Whoever is cut off from the other cannot tell it that it has gone.
    if (this.#happened && this.#fault.kind === "lost") this.#clock.after(outage, () => this.#inner.destroy());
    else this.#inner.destroy();
  }

  received(bytes: Uint8Array): void {
    if (this.#happened && this.#fault.kind === "deaf") return;
    this.#receiver?.received(bytes);
  }

  ended(): void {
    if (!this.#happened || this.#fault.kind !== "deaf") this.#receiver?.ended();
  }

  broken(error: unknown): void {
    this.#receiver?.broken(error);
  }

  #happen(): void {
    if (this.#happened || this.#destroyed) return;
    this.#happened = true;
    if (this.#fault.kind === "halfClose") void this.#inner.end().catch(() => undefined);
    if (this.#fault.kind === "reset") this.#break(() => this.#inner.reset?.());
    if (this.#fault.kind === "cut") this.#break(() => this.#inner.destroy());
  }

  #break(close: () => void): void {
    close();
    // Not within a call of the session's.
    this.#clock.after(0, () => this.#receiver?.broken(new Error("The connection is gone")));
  }

  #writtenAfter(bytes: Uint8Array): void | Promise<void> {
    switch (this.#fault.kind) {
      case "reset":
      case "cut":
        return Promise.reject(new Error("The connection is gone"));
      case "blocked":
        return this.#never();
      case "throws":
        throw new Error("The transport throws");
      case "lost":
      case "halfClose":
        return;
      case "dribble":
        return (this.#dribbling = this.#dribble(bytes, this.#dribbling));
      case "spoiled":
      case "garbled":
        return this.#inner.write(this.#changed(bytes));
      default:
        return this.#inner.write(bytes);
    }
  }

  async #dribble(bytes: Uint8Array, before: Promise<void>): Promise<void> {
    await before;
    for (const octet of bytes) {
      if (this.#destroyed) return;
      await this.#inner.write(Uint8Array.of(octet));
      await new Promise<void>((resolve) => void this.#clock.after(this.#fault.pace, resolve));
    }
  }

  /** With one octet changed, of all that are written. */
  #changed(bytes: Uint8Array): Uint8Array {
    const at = this.#fault.kind === "garbled" ? 0 : bytes.indexOf(spoiled.from);
    if (this.#spoiled || at < 0) return bytes;
    this.#spoiled = true;
    const changed = new Uint8Array(bytes);
    changed[at] = this.#fault.kind === "garbled" ? (bytes[at] ?? 0) ^ (1 + (this.#written % 255)) : spoiled.to;
    return changed;
  }

  /** A promise that is pending until the connection is destroyed. */
  #never<Value>(): Promise<Value> {
    return new Promise((_, reject) => this.#waiting.push(reject));
  }
}
