// A connection in memory on which something goes wrong at a chosen octet.

import type { TlsInfo } from "@carteiro/core";
import type { Receiver, Transport } from "@carteiro/driver";
import { pipe, type Direction, type PipeOptions } from "@carteiro/memory";

/**
 * What happens once so many octets have been written in one direction, those of TLS's framing not counted:
 * - `cut`: the connection is gone, both ways; what was written before still arrives.
 * - `lost`: nothing more arrives in this direction, and nobody is told: a route that has gone.
 * - `blocked`: nothing more is taken in this direction: a peer that has stopped reading.
 * - `ended`: this direction ends as if its writer had ended it; the writer is not told.
 */
export interface Fault {
  readonly kind: "cut" | "lost" | "blocked" | "ended";
  readonly direction: Direction;
  readonly at: number;
}

export interface FaultyPipeOptions extends PipeOptions {
  readonly faults: readonly Fault[];
  /** Whose handshake never ends. */
  readonly tlsStalls?: "client" | "server" | undefined;
}

/** As `pipe`, with faults. */
export function faultyPipe({
  faults,
  tlsStalls,
  ...options
}: FaultyPipeOptions): [client: Transport, server: Transport] {
  const [client, server] = pipe(options);
  const cut = (): void => {
    client.destroy();
    server.destroy();
  };
  const faultOf = (direction: Direction) => {
    return faults.filter((fault) => fault.direction === direction).toSorted((one, other) => one.at - other.at)[0];
  };
  return [
    new FaultyTransport(client, faultOf("toServer"), cut, tlsStalls === "client"),
    new FaultyTransport(server, faultOf("toClient"), cut, tlsStalls === "server"),
  ];
}

class FaultyTransport implements Transport {
  readonly #inner: Transport;
  readonly #fault: Fault | undefined;
  readonly #cut: () => void;
  readonly #tlsStalls: boolean;
  readonly #waiting: ((error: Error) => void)[] = [];
  #written = 0;
  #happened = false;

  constructor(inner: Transport, fault: Fault | undefined, cut: () => void, tlsStalls: boolean) {
    this.#inner = inner;
    this.#fault = fault;
    this.#cut = cut;
    this.#tlsStalls = tlsStalls;
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
    this.#inner.attach(receiver);
  }

  read(): void | Promise<void> {
    return this.#inner.read();
  }

  write(bytes: Uint8Array): void | Promise<void> {
    const fault = this.#fault;
    if (this.#happened && fault !== undefined) return this.#writtenAfter(fault);
    const room = fault === undefined ? Infinity : fault.at - this.#written;
    this.#written += bytes.length;
    if (bytes.length < room || fault === undefined) return this.#inner.write(bytes);
    if (room > 0) void Promise.resolve(this.#inner.write(bytes.subarray(0, room))).catch(() => undefined);
    this.#happened = true;
    if (fault.kind === "ended") void this.#inner.end().catch(() => undefined);
    if (fault.kind === "cut") this.#cut();
    return this.#writtenAfter(fault);
  }

  startTls(): Promise<TlsInfo> {
    return this.#tlsStalls ? this.#never() : this.#inner.startTls();
  }

  end(): Promise<void> {
    if (!this.#happened) return this.#inner.end();
    return this.#fault?.kind === "blocked" ? this.#never() : Promise.resolve();
  }

  destroy(): void {
    // Whoever is cut off from the other cannot tell him that he has gone.
    if (!this.#happened || this.#fault?.kind !== "lost") this.#inner.destroy();
    for (const reject of this.#waiting.splice(0)) reject(new Error("The connection has been destroyed"));
  }

  #writtenAfter({ kind }: Fault): void | Promise<void> {
    if (kind === "cut") return Promise.reject(new Error("The connection is gone"));
    if (kind === "blocked") return this.#never();
  }

  /** A promise that is pending until the connection is destroyed. */
  #never<Value>(): Promise<Value> {
    return new Promise((_, reject) => this.#waiting.push(reject));
  }
}
