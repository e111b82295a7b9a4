// The transport over a connection of Deno's.

import type { TlsInfo } from "@carteiro/core";
import type { Receiver, Transport } from "@carteiro/driver";
import { addressOf } from "./address.ts";
import { ConnChannel, type Channel } from "./channel.ts";
import type { Tls } from "./tls.ts";

export interface DenoTransportOptions {
  /** This side's TLS, from `serverTls` or `clientTls`; without it `startTls` rejects. */
  readonly tls?: Tls;
}

/**
 * A transport over a connection, which belongs to it from now on: nothing else may read from it or write to it. Nothing is
 * read ahead of `read`, but for what TLS on the server's side buffers.
 */
export function denoTransport(conn: Deno.Conn, options: DenoTransportOptions = {}): Transport {
  return new DenoTransport(conn, options.tls);
}

/**
 * A transport over a connection that begins with TLS (RFC 8314 section 3), once the handshake is over. Rejects when that fails,
 * or with the signal's reason, and has closed the connection then.
 */
export async function secureDenoTransport(conn: Deno.Conn, tls: Tls, signal?: AbortSignal): Promise<Transport> {
  const transport = new DenoTransport(conn, tls);
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

class DenoTransport implements Transport {
  tls: TlsInfo | undefined;
  readonly remote: Transport["remote"];
  readonly local: Transport["local"];
  readonly #upgrade: Tls | undefined;
  readonly #conn: Deno.Conn;
  #channel: Channel;
  #receiver: Receiver | undefined;
  /** Whether the receiver has asked for octets, and has not been told any since. */
  #wanted = false;
  /** The last write, as long as it is not settled. */
  #writing: Promise<void> | undefined;
  #ending: Promise<void> | undefined;
  #secured = false;
  #destroyed = false;
  /** That the connection is broken, in words; the error itself is made when it is asked for. */
  #gone: string | undefined;
  #error: Error | undefined;

  constructor(conn: Deno.Conn, tls: Tls | undefined) {
    this.#conn = conn;
    this.#channel = new ConnChannel(conn);
    this.#upgrade = tls;
    this.remote = addressOf(conn.remoteAddr);
    this.local = addressOf(conn.localAddr);
  }

  attach(receiver: Receiver): void {
    this.#receiver = receiver;
    if (this.#gone !== undefined) receiver.broken(this.#lost());
  }

  read(): Promise<void> {
    if (this.#gone !== undefined) throw this.#lost();
    if (this.#wanted) throw new Error("A read is pending already");
    this.#wanted = true;
    return this.#answer();
  }

  write(bytes: Uint8Array): Promise<void> {
    if (this.#gone !== undefined) return Promise.reject(this.#lost());
    if (this.#ending !== undefined) return Promise.reject(new Error("Our side of the connection has been ended"));
    return this.#inTurn(() => this.#channel.write(bytes));
  }

  async startTls(unread?: Uint8Array): Promise<TlsInfo> {
    if (this.#gone !== undefined) throw this.#lost();
    if (this.#upgrade === undefined)
      throw new Error("TLS cannot be started without a certificate or trusted authorities: give `tls`");
    if (this.#secured) throw new Error("TLS has been started already");
    if (this.#wanted) throw new Error("TLS cannot be started while a read is pending");
    this.#secured = true;
    try {
      const upgrade = await this.#upgrade.upgrade(this.#conn, unread);
      this.#channel = upgrade.channel;
      if (this.#destroyed) this.#channel.close();
      await upgrade.handshake;
      if (this.#destroyed) throw this.#lost();
      return upgrade.info();
    } catch (error) {
      const broken = this.#broken(error);
      this.destroy();
      throw broken;
    }
  }

  end(): Promise<void> {
    if (this.#gone !== undefined) return Promise.reject(this.#lost());
    this.#ending ??= this.#inTurn(() => this.#channel.end());
    return this.#ending;
  }

  destroy(): void {
    if (this.#destroyed) return;
    this.#destroyed = true;
    this.#gone ??= "The connection has been destroyed";
    if (this.#wanted) this.#receiver?.broken(this.#lost());
    this.#channel.close();
  }

  /** Answers the receiver once; throws what broke the connection. */
  async #answer(): Promise<void> {
    let bytes: Uint8Array | undefined;
    try {
      bytes = await this.#channel.read();
    } catch (error) {
      throw this.#broken(error);
    }
    if (this.#destroyed) return;
    this.#wanted = false;
    if (bytes === undefined) this.#receiver?.ended();
    else this.#receiver?.received(bytes);
  }

  /** Acts once all that was written before is sent. */
  #inTurn(act: () => Promise<void>): Promise<void> {
    const acting = (this.#writing === undefined ? act() : this.#writing.then(act)).catch((error: unknown) => {
      throw this.#broken(error);
    });
    this.#writing = acting;
    const settled = () => {
      if (this.#writing === acting) this.#writing = undefined;
    };
    // Whoever destroys the connection is often the one who waited, and looks no more: that is no unhandled rejection.
    acting.then(settled, settled);
    return acting;
  }

  /** What the connection broke of first, told once. */
  #broken(error: unknown): Error {
    if (this.#gone === undefined) {
      this.#error = error instanceof Error ? error : new Error(String(error));
      this.#gone = this.#error.message;
      this.#receiver?.broken(this.#error);
    }
    return this.#lost();
  }

  /** Why nothing can be read or written; made only when somebody asks, since errors are dear. */
  #lost(): Error {
    return (this.#error ??= new Error(this.#gone));
  }
}
