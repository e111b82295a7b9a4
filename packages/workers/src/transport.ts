// The transport over a socket of the Workers runtime: its two streams, bounded, and TLS on top of them.

import type { TlsInfo } from "@carteiro/core";
import type { Transport } from "@carteiro/driver";
import { streamTransport, type SecuredStreams, type StreamPair } from "@carteiro/web";
import type { Endpoint, WorkersSocket } from "./socket.ts";

export interface SocketTransportOptions {
  /** What TLS tells once it is there, or that it is there from the beginning. */
  readonly tls?: TlsInfo;
  readonly remote?: Endpoint;
  readonly local?: Endpoint;
}

/** Octets that a writer may have on their way to a slow peer. */
const mostUnsent = 65_536;

/**
 * A transport over a socket that is open, which belongs to it from now on. `startTls` upgrades it where it was made for that
 * (`secureTransport: "starttls"`), and rejects otherwise. To destroy it sends what was written before, if the peer takes it:
 * the runtime cannot break a connection off before the request or the handler is over that it belongs to.
 */
export function socketTransport(socket: WorkersSocket, options: SocketTransportOptions = {}): Transport {
  const { tls, ...addresses } = options;
  let top = new Bounded(socket);
  const upgrade = async (unread?: Uint8Array): Promise<SecuredStreams> => {
    if (unread !== undefined) throw new Error("This runtime cannot begin TLS with octets that were read already");
    top.release();
    top = new Bounded(await secured(socket));
    return { readable: top.readable, writable: top.writable, tls: tls ?? {} };
  };
  return streamTransport(top, {
    ...addresses,
    ...(socket.secureTransport === "starttls" ? { upgrade } : tls && { tls }),
    close: () => top.close(),
  });
}

/** The socket under TLS. The runtime keeps to itself why a handshake failed. */
async function secured(socket: WorkersSocket): Promise<WorkersSocket> {
  const upgraded = socket.startTls();
  ignore(upgraded.closed);
  try {
    await upgraded.opened;
    return upgraded;
  } catch (error) {
    throw new Error("The TLS handshake failed: a certificate that is not trusted or names another, or no TLS at all", {
      cause: error,
    });
  }
}

/** A socket's streams. Those of the runtime take whatever is written to them, so that a writer would never have to wait. */
class Bounded implements StreamPair {
  readonly readable: ReadableStream<Uint8Array>;
  readonly writable: WritableStream<Uint8Array>;
  readonly #socket: WorkersSocket;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #gone = Promise.withResolvers<never>();

  constructor(socket: WorkersSocket) {
    this.#socket = socket;
    this.#writer = socket.writable.getWriter();
    ignore(this.#writer.closed);
    ignore(this.#writer.ready);
    ignore(this.#gone.promise);
    this.readable = socket.readable;
    this.writable = new WritableStream(
      {
        write: (chunk) => Promise.race([this.#writer.write(chunk), this.#gone.promise]),
        close: () => this.#writer.close(),
      },
      { highWaterMark: mostUnsent, size: ({ length }) => length },
    );
  }

  release(): void {
    this.#writer.releaseLock();
  }

  /** Nobody waits any more. The writer is not aborted: the connection would then stay until the request is over. */
  close(): void {
    this.#gone.reject(new Error("The connection has been destroyed"));
    ignore(this.#socket.close());
  }
}

/** What it tells is told by the streams, too. */
function ignore(promise: Promise<unknown>): void {
  promise.catch(() => undefined);
}
