// What a peer hears over a transport: lines, replies and counted octets, under limits of size and time.

import type { TlsInfo } from "@carteiro/core";
import type { Clock, Receiver, Transport } from "@carteiro/driver";
import { latin1, octetsOf } from "../recording/json.ts";

export interface HearingLimits {
  /** Octets of a line, CRLF included. */
  readonly line: number;
  /** Octets in all. */
  readonly total: number;
}

/** What happened in the place of what was waited for. */
export type Interruption = "ended" | "broken" | "silent" | "line too long" | "too much";

export class Ear implements Receiver {
  /** Milliseconds that each wait may take. */
  patience: number;
  /** Heard and not yet taken, a character for each octet. */
  unread = "";
  readonly #transport: Transport;
  readonly #clock: Clock;
  readonly #limits: HearingLimits;
  #total = 0;
  /** Everything up to here in `unread` is known to have no line's end. */
  #searched = 0;
  #over: "ended" | "broken" | undefined;
  #reading = false;
  #told: (() => void) | undefined;

  constructor(
    transport: Transport,
    clock: Clock,
    { patience, limits }: { readonly patience: number; readonly limits: HearingLimits },
  ) {
    this.#transport = transport;
    this.#clock = clock;
    this.patience = patience;
    this.#limits = limits;
    transport.attach(this);
  }

  received(bytes: Uint8Array): void {
    this.#reading = false;
    this.unread += latin1(bytes);
    this.#total += bytes.length;
    this.#tell();
  }

  ended(): void {
    this.#reading = false;
    this.#over ??= "ended";
    this.#tell();
  }

  /** What has arrived before can still be read. */
  broken(): void {
    if (this.#told !== undefined) void this.#brokenSoon(this.#told);
    else if (this.#reading) this.#over ??= "broken";
  }

  /** Nothing is heard any more, and nobody waits. */
  stop(): void {
    this.#over ??= "broken";
    this.#tell();
  }

  async #brokenSoon(told: () => void): Promise<void> {
    for (let turn = 0; turn < 50; turn++) await Promise.resolve();
    if (this.#told !== told) return;
    this.#over ??= "broken";
    this.#tell();
  }

  /** The next line without its CRLF, left unread; or what happened instead. */
  async line(): Promise<{ readonly line: string } | Interruption> {
    for (;;) {
      const end = this.unread.indexOf("\r\n", Math.max(0, this.#searched - 1));
      if (end > this.#limits.line - 2 || (end < 0 && this.unread.length >= this.#limits.line)) return "line too long";
      if (end >= 0) return { line: this.unread.slice(0, end) };
      this.#searched = this.unread.length;
      const interruption = await this.more();
      if (interruption !== undefined) return interruption;
    }
  }

  /** So many octets are read. */
  take(octets: number): void {
    this.unread = this.unread.slice(octets);
    this.#searched = 0;
  }

  /** Waits until more has been heard; gives what happened instead. */
  async more(patience: number = this.patience): Promise<Interruption | undefined> {
    if (this.#over !== undefined) return this.#over;
    if (this.#total > this.#limits.total) return "too much";
    const before = this.#total;
    const told = new Promise<"told">((resolve) => (this.#told = () => resolve("told")));
    if (!this.#reading) this.#read();
    const happened = await this.#within(told, patience);
    this.#told = undefined;
    if (happened === undefined) return "silent";
    if (this.#total > before) return undefined;
    return this.#over ?? this.more(patience);
  }

  /** Whether octets have come that nobody waited for. */
  get hasMore(): boolean {
    return this.unread !== "";
  }

  /** Settles once it is sent; throws where the connection is broken or the other side does not read in time. */
  async write(octets: string): Promise<void> {
    await this.#settled(Promise.resolve(this.#transport.write(octetsOf(octets))), "Nobody reads what is said");
  }

  async startTls(): Promise<TlsInfo> {
    return this.#settled(this.#transport.startTls(), "The TLS handshake does not end");
  }

  async end(): Promise<void> {
    await this.#settled(this.#transport.end(), "Nobody reads what is said");
  }

  async #settled<T>(promise: Promise<T>, problem: string): Promise<T> {
    const settled = await this.#within(promise, this.patience);
    if (settled === undefined) throw new Error(`${problem} within ${this.patience} ms`);
    return settled.value;
  }

  /** `undefined` where the time was over before. */
  async #within<T>(promise: Promise<T>, patience: number): Promise<{ readonly value: T } | undefined> {
    const late = Promise.withResolvers<undefined>();
    const cancel = this.#clock.after(patience, () => late.resolve(undefined));
    try {
      return await Promise.race([promise.then((value) => ({ value })), late.promise]);
    } finally {
      cancel();
    }
  }

  #read(): void {
    this.#reading = true;
    try {
      this.#transport.read()?.catch(() => this.#readFailed());
    } catch {
      this.#readFailed();
    }
  }

  #readFailed(): void {
    this.#over ??= "broken";
    this.#tell();
  }

  #tell(): void {
    this.#told?.();
  }
}
