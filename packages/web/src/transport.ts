// The transport over a pair of WHATWG streams: of a socket, a WebSocket, WebTransport, a message port, a tunnel.

import type { TlsInfo } from "@carteiro/core";
import type { Receiver, Transport } from "@carteiro/driver";

/** Both directions of a connection. A sink may keep a chunk until it has taken it, but must neither change nor transfer it. */
export interface StreamPair {
  readonly readable: ReadableStream<Uint8Array>;
  readonly writable: WritableStream<Uint8Array>;
}

/** A connection that is under TLS now. */
export interface SecuredStreams extends StreamPair {
  /** What is known of it. Default: nothing. */
  readonly tls?: TlsInfo;
}

export interface StreamTransportOptions {
  /** That the connection is under TLS from its beginning, as one by `wss:` is, and what is known of it; `{}` for nothing. */
  readonly tls?: TlsInfo;
  /**
   * Upgrades the connection to TLS, on the side that this is; without it `startTls` rejects. The streams given before are
   * unlocked when it is called. `unread` has been read from them and is the handshake's beginning.
   */
  readonly upgrade?: (unread?: Uint8Array) => Promise<SecuredStreams>;
  /** Called once when the transport is destroyed: frees what cancelling and aborting the streams does not. */
  readonly close?: () => void;
  /** Addresses where they are known. */
  readonly remote?: Transport["remote"];
  readonly local?: Transport["local"];
}

/**
 * A transport over two streams, which belong to it from now on. It reads a chunk only when it is asked for one, so that all
 * that is buffered lies in the streams, and asks a writer to wait where the writable has no room. To destroy it before its end aborts the writable and
 * cancels the readable with an error of code `ECONNRESET`. Throws `TypeError` where a stream is locked.
 */
export function streamTransport(streams: StreamPair, options: StreamTransportOptions = {}): Transport {
  return new StreamTransport(streams, options);
}

type Upgrade = NonNullable<StreamTransportOptions["upgrade"]>;

interface Ends {
  readonly reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly writer: WritableStreamDefaultWriter<Uint8Array>;
}

class StreamTransport implements Transport {
  readonly tls: TlsInfo | undefined;
  readonly remote: Transport["remote"];
  readonly local: Transport["local"];
  readonly #options: StreamTransportOptions;
  /** None while TLS is being started. */
  #ends: Ends | undefined;
  #receiver: Receiver | undefined;
  /** Whether the receiver has asked for octets, and has not been told any since. */
  #wanted = false;
  /** Settles when the sink has taken all that was written. */
  #taken: Promise<void> = Promise.resolve();
  #ending: Promise<void> | undefined;
  #secured = false;
  #broken: Error | undefined;
  #destroyed = false;
  #rejectTls: (reason: Error) => void = () => undefined;

  constructor(streams: StreamPair, options: StreamTransportOptions) {
    this.#options = options;
    this.tls = options.tls;
    this.remote = options.remote ?? {};
    this.local = options.local ?? {};
    this.#hold(streams);
  }

  attach(receiver: Receiver): void {
    this.#receiver = receiver;
    if (this.#broken !== undefined) receiver.broken(this.#broken);
  }

  read(): Promise<void> {
    const { reader } = this.#held();
    if (this.#wanted) throw new Error("A read is pending already");
    this.#wanted = true;
    return this.#answer(reader);
  }

  write(bytes: Uint8Array): void | Promise<void> {
    if (this.#broken !== undefined) return Promise.reject(this.#broken);
    if (this.#ending !== undefined) return Promise.reject(new Error("Our side of the connection has been ended"));
    const { writer } = this.#held();
    this.#taken = watched(writer.write(bytes));
    // Where the sink has no queue at all, `ready` never resolves; where it is aborted, only `ready` rejects at once.
    if ((writer.desiredSize ?? 0) <= 0) return watched(Promise.race([writer.ready, this.#taken]));
  }

  async startTls(unread?: Uint8Array): Promise<TlsInfo> {
    this.#held();
    const { upgrade } = this.#options;
    if (upgrade === undefined) throw new Error("These streams have no TLS of their own");
    if (this.#secured || this.tls !== undefined) throw new Error("TLS has been started already");
    if (this.#wanted) throw new Error("TLS cannot be started while a read is pending");
    this.#secured = true;
    const destroyed = watched(new Promise<never>((_, reject) => (this.#rejectTls = reject)));
    try {
      const streams = await Promise.race([this.#upgrade(upgrade, unread), destroyed]);
      this.#hold(streams);
      return streams.tls ?? {};
    } catch (error) {
      this.#break(error);
      this.destroy();
      throw error;
    }
  }

  end(): Promise<void> {
    if (this.#broken !== undefined) return Promise.reject(this.#broken);
    this.#ending ??= watched(this.#held().writer.close());
    return this.#ending;
  }

  destroy(): void {
    if (this.#destroyed) return;
    this.#destroyed = true;
    const reason = this.#lost();
    if (this.#wanted) this.#receiver?.broken(reason);
    this.#rejectTls(reason);
    if (this.#ends !== undefined) cancel(this.#ends, reason);
    this.#options.close?.();
  }

  async #upgrade(upgrade: Upgrade, unread: Uint8Array | undefined): Promise<SecuredStreams> {
    await this.#taken;
    this.#release();
    const streams = await upgrade(unread);
    if (this.#destroyed) cancel(locked(streams), this.#lost());
    return streams;
  }

  /** Answers the receiver once; throws what broke the connection. */
  async #answer(reader: Ends["reader"]): Promise<void> {
    for (;;) {
      const { done, value } = await reader.read();
      if (this.#destroyed) return;
      if (done || value.length > 0) {
        this.#wanted = false;
        return done ? this.#receiver?.ended() : this.#receiver?.received(value);
      }
    }
  }

  #held(): Ends {
    if (this.#broken !== undefined) throw this.#broken;
    if (this.#ends === undefined) throw new Error("TLS is being started");
    return this.#ends;
  }

  #hold(streams: StreamPair): void {
    const ends = locked(streams);
    this.#ends = ends;
    const broken = (error: unknown) => {
      if (this.#ends === ends) this.#break(error);
    };
    ends.reader.closed.catch(broken);
    ends.writer.closed.catch(broken);
    ends.writer.ready.catch(() => undefined);
  }

  #release(): void {
    const ends = this.#ends;
    this.#ends = undefined;
    ends?.reader.releaseLock();
    ends?.writer.releaseLock();
  }

  #break(error: unknown): void {
    if (this.#destroyed) return;
    this.#broken ??= error instanceof Error ? error : new Error(String(error));
    this.#receiver?.broken(this.#broken);
  }

  #lost(): Error {
    return (this.#broken ??= Object.assign(new Error("The connection has been destroyed"), { code: "ECONNRESET" }));
  }
}

function cancel({ reader, writer }: Ends, reason: Error): void {
  reader.cancel(reason).catch(() => undefined);
  writer.abort(reason).catch(() => undefined);
}

function locked({ readable, writable }: StreamPair): Ends {
  return { reader: readable.getReader(), writer: writable.getWriter() };
}

/** What breaks the connection is told by `closed`, and nobody may look any more: that is no unhandled rejection. */
function watched<Value>(promise: Promise<Value>): Promise<Value> {
  promise.catch(() => undefined);
  return promise;
}
