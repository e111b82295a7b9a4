// A connection in memory: two transports joined, with latency, chunk sizes and a stand-in for TLS of one's choice.
// Under a virtual clock it is deterministic to the octet.

import type { Instant, TlsInfo } from "@carteiro/core";
import type { Clock, Receiver, Transport } from "@carteiro/driver";
import { Lane } from "./lane.ts";
import { RecordError, RecordReader, formatRecords, recordType, type Fragment, type RecordType } from "./records.ts";
import { Way } from "./way.ts";

export type Direction = "toServer" | "toClient";

export interface Address {
  readonly address?: string;
  readonly port?: number;
}

export interface PipeOptions {
  readonly clock: Clock;
  /** Milliseconds from writing to arrival, both ways or each; 0 by default: what is written has arrived. */
  readonly latency?: number | readonly [toServer: number, toClient: number];
  /** In place of a latency: the ways between the hosts, which other connections may share. */
  readonly path?: { readonly [Name in Direction]: Way };
  /**
   * How many octets each read gives, at most: pieces are cut and joined to these sizes, whatever was written in one. A
   * read never waits for more than one octet. The sizes start over when they run out, in each direction for itself;
   * less than 1 counts as 1. By default a read gives what one write gave.
   */
  readonly chunkSizes?: Iterable<number> | ((direction: Direction) => Iterable<number>);
  /** Octets written and not yet read, in one direction, above which `write` asks to wait; 65,536 by default. */
  readonly capacity?: number;
  /** Whether the connection begins with TLS (implicit TLS); its handshake is taken as done. */
  readonly secure?: boolean;
  /** Makes `startTls` fail, at both ends or at one: the other then learns of it as an alert from its peer. */
  readonly tlsFailure?: Error | { readonly client?: Error; readonly server?: Error };
  /** Sees what either end writes, when it writes, in the clear even under TLS (`secured`). The octets must not be changed. */
  readonly tap?: (direction: Direction, octets: Uint8Array, at: Instant, secured: boolean) => void;
  /** What the ends say of themselves and each other; by default addresses that RFC 5737 reserves for documentation. */
  readonly addresses?: { readonly client?: Address; readonly server?: Address };
}

/** One end of a connection in memory. */
export interface MemoryEnd extends Transport {
  /** Breaks the connection: the other end is reset, whether anything was left unread or not, and this one destroyed. */
  reset(): void;
  readonly destroyed: boolean;
  /** Octets that the other end has written and this one has not read. */
  readonly held: number;
  /** What is waited for at this end. */
  readonly waitsTo: "read" | "write" | undefined;
}

/**
 * The two ends of a connection. What differs between one TCP stack and the next is settled so:
 * - Octets are copied when written: the caller may use the array again.
 * - `destroy` at one end: what it wrote before still arrives, then the end. But where octets had arrived for it that it
 *   had not read, or arrive later, the other end is reset: it can read what has arrived, after which reads and writes reject
 *   with the code `ECONNRESET`.
 * - After `destroy`, reads, writes and `end` at that end reject.
 * - `startTls` sends a hello and waits for the other's; the server sends its own only after the client's. Octets in the
 *   clear that meet an end that has started TLS break the connection. An end in the clear reads the records as they
 *   are, as over a socket.
 */
export function pipe(options: PipeOptions): [client: MemoryEnd, server: MemoryEnd] {
  const toServer = lane(options, "toServer");
  const toClient = lane(options, "toClient");
  return [
    new MemoryTransport("client", options, toServer, toClient),
    new MemoryTransport("server", options, toClient, toServer),
  ];
}

const defaultCapacity = 65_536;
const clientAddress: Address = { address: "192.0.2.1", port: 49_152 };
const serverAddress: Address = { address: "192.0.2.25", port: 25 };
const memoryTls: TlsInfo = { protocol: "memory", cipher: "none", authorized: true };
const hello = formatRecords(recordType.handshake, new Uint8Array());
/** `handshake_failure` of RFC 8446 section 6. */
const alert = formatRecords(recordType.alert, Uint8Array.of(2, 40));

function lane(options: PipeOptions, direction: Direction): Lane {
  const { clock, latency = 0, path, capacity = defaultCapacity, chunkSizes } = options;
  const [toServer, toClient] = typeof latency === "number" ? [latency, latency] : latency;
  const way = path?.[direction] ?? new Way(clock, { latency: direction === "toServer" ? toServer : toClient });
  const sizes = typeof chunkSizes === "function" ? () => chunkSizes(direction) : chunkSizes && (() => chunkSizes);
  return new Lane({ clock, way, capacity, chunkSizes: sizes });
}

class MemoryTransport implements MemoryEnd {
  readonly tls: TlsInfo | undefined;
  readonly remote: Address;
  readonly local: Address;
  readonly #role: "client" | "server";
  readonly #options: PipeOptions;
  readonly #outgoing: Lane;
  readonly #incoming: Lane;
  #records: RecordReader | undefined;
  #receiver: Receiver | undefined;
  #reading = false;
  /** Why nothing can be read or written any more. */
  #broken: Error | undefined;
  /** The peer has reset the connection; what came before can still be read. */
  #reset: Error | undefined;
  #destroyed = false;

  constructor(role: "client" | "server", options: PipeOptions, outgoing: Lane, incoming: Lane) {
    const client = options.addresses?.client ?? clientAddress;
    const server = options.addresses?.server ?? serverAddress;
    this.#role = role;
    this.#options = options;
    this.#outgoing = outgoing;
    this.#incoming = incoming;
    this.local = role === "client" ? client : server;
    this.remote = role === "client" ? server : client;
    this.tls = options.secure === true ? memoryTls : undefined;
    this.#records = options.secure === true ? new RecordReader() : undefined;
    incoming.events = {
      refused: () => outgoing.reset(connectionReset()),
      reset: (error) => this.#disconnected(error),
    };
    outgoing.lost = (error) => {
      incoming.close(error);
      this.#disconnected(error);
    };
  }

  get destroyed(): boolean {
    return this.#destroyed;
  }

  get held(): number {
    return this.#incoming.held;
  }

  get waitsTo(): "read" | "write" | undefined {
    if (this.#outgoing.sending) return "write";
    return this.#incoming.receiving ? "read" : undefined;
  }

  attach(receiver: Receiver): void {
    this.#receiver = receiver;
    if (this.#reset !== undefined) receiver.broken(this.#reset);
  }

  read(): void {
    if (this.#reading) throw new Error("A read is pending already");
    this.#reading = true;
    const octets = this.#records === undefined ? this.#incoming.receive() : this.#readRecords(this.#records);
    octets.then(
      (bytes) => {
        this.#reading = false;
        if (bytes === undefined) this.#receiver?.ended();
        else this.#receiver?.received(bytes);
      },
      (error: unknown) => {
        this.#reading = false;
        this.#receiver?.broken(error);
      },
    );
  }

  write(bytes: Uint8Array): void | Promise<void> {
    const { tap, clock } = this.#options;
    const secured = this.#records !== undefined;
    const copy = new Uint8Array(bytes);
    tap?.(this.#role === "client" ? "toServer" : "toClient", copy, clock.now(), secured);
    return this.#outgoing.send(secured ? formatRecords(recordType.application, copy) : copy);
  }

  async startTls(unread?: Uint8Array): Promise<TlsInfo> {
    if (this.#records !== undefined) throw new Error("TLS has been started already");
    if (this.#incoming.receiving) throw new Error("TLS cannot be started while a read is pending");
    const records = new RecordReader();
    if (unread !== undefined) records.feed(unread);
    this.#records = records;
    try {
      await this.#shakeHands(records);
      return memoryTls;
    } catch (error) {
      const failure = this.#chosenFailure() ?? asError(error);
      this.#fail(failure);
      throw failure;
    }
  }

  async end(): Promise<void> {
    this.#outgoing.finish();
    await this.#outgoing.flushed();
  }

  reset(): void {
    this.#destroy(true);
  }

  destroy(): void {
    this.#destroy(this.#incoming.unread);
  }

  /** Nothing can be written any more, and what had not arrived will not. */
  #disconnected(error: Error): void {
    this.#outgoing.abandon(error);
    this.#reset = error;
    if (!this.#destroyed) this.#receiver?.broken(error);
  }

  #destroy(reset: boolean): void {
    if (this.#destroyed) return;
    this.#destroyed = true;
    if (reset) this.#outgoing.reset(connectionReset());
    else this.#outgoing.finish();
    this.#abandon(new Error("The connection has been destroyed"));
  }

  async #shakeHands(records: RecordReader): Promise<void> {
    if (this.#role === "client") await this.#outgoing.send(hello);
    const answer = await this.#nextFragment(records, recordType.handshake);
    if (answer === undefined) throw new RecordError("The peer ended the connection before the TLS handshake was over");
    const failure = this.#chosenFailure();
    if (failure !== undefined) throw failure;
    if (this.#role === "server") await this.#outgoing.send(hello);
  }

  async #readRecords(records: RecordReader): Promise<Uint8Array | undefined> {
    if (this.#broken !== undefined) throw this.#broken;
    try {
      for (;;) {
        const fragment = await this.#nextFragment(records, recordType.application);
        if (fragment === undefined) return undefined;
        if (fragment.payload.length > 0) return fragment.payload;
      }
    } catch (error) {
      if (error instanceof RecordError) this.#fail(error);
      throw error;
    }
  }

  async #nextFragment(records: RecordReader, expected: RecordType): Promise<Fragment | undefined> {
    for (;;) {
      const fragment = records.next();
      if (fragment?.type === expected) return fragment;
      if (fragment !== undefined) throw unexpected(fragment.type);
      const bytes = await this.#incoming.receive();
      if (bytes === undefined && records.midway)
        throw new RecordError("The peer ended the connection within a TLS record");
      if (bytes === undefined) return undefined;
      records.feed(bytes);
    }
  }

  #chosenFailure(): Error | undefined {
    const { tlsFailure } = this.#options;
    return tlsFailure instanceof Error ? tlsFailure : tlsFailure?.[this.#role];
  }

  /** Breaks the connection from this end: the peer gets an alert and the end. */
  #fail(error: Error): void {
    this.#outgoing.post(alert);
    this.#outgoing.finish();
    this.#abandon(error);
  }

  #abandon(error: Error): void {
    this.#broken ??= error;
    this.#outgoing.abandon(this.#broken);
    this.#incoming.close(this.#broken);
  }
}

function unexpected(type: RecordType): RecordError {
  return new RecordError(
    type === recordType.alert ? "The peer broke TLS off with an alert" : "A TLS record of another kind was expected",
  );
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}

function connectionReset(): Error {
  return Object.assign(new Error("The peer has reset the connection"), { code: "ECONNRESET" });
}
