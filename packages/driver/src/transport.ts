// What an adapter gives the driver: one connection of one runtime.

import type { TlsInfo } from "@carteiro/core";

/** Who is told what comes of a connection: the driver. Each may be called within a call of the transport's, `read` for example. */
export interface Receiver {
  /** Octets: the answer to a `read`. The array must not be written to afterwards. None at all mean nothing, and answer nothing. */
  received(bytes: Uint8Array): void;
  /**
   * As `received`, for octets that change once this has returned, so that a transport may read again and again into the same
   * memory. A receiver without it wants octets that last.
   * @param own Gives octets, or a part of them, in memory of their own, for who keeps them.
   */
  lent?(bytes: Uint8Array, own: Own): void;
  /** The peer sends no more; it may still read. The answer to a `read`, and the last one. */
  ended(): void;
  /**
   * The connection is broken, both ways. At any time, also while nobody reads, as far as the runtime can tell: without that a peer
   * that goes while the application decides is missed only when it is answered. More than once does no harm.
   */
  broken(error: unknown): void;
}

/** Octets that last, of octets that were lent. */
export type Own = (part: Uint8Array) => Uint8Array;

export interface Transport {
  /** Says who is told what comes of the connection. Called once, before all else. What comes before is kept for the receiver. */
  attach(receiver: Receiver): void;
  /**
   * Asks for the next octets: `received`, `ended` or `broken` answers, at once or later. Called only when the session wants
   * input, and not again before the answer: nothing is to be read from the network otherwise beyond a bounded buffer. To throw,
   * or to return a promise that rejects, says that the connection is broken.
   */
  read(): void | Promise<void>;
  /**
   * Sends octets. Returns nothing when they were taken and more may follow at once, or a promise that is settled when
   * more may follow (back-pressure). Calls may come before an earlier promise is settled: keep the order. Rejects when
   * the connection is broken.
   */
  write(bytes: Uint8Array): void | Promise<void>;
  /** Where the runtime can without copying them: as `write`, for several arrays that leave together. */
  writeAll?(pieces: readonly Uint8Array[]): void | Promise<void>;
  /**
   * Upgrades to TLS, in the role that the adapter knows. No read is pending; all writes are settled. Rejects when the
   * handshake fails. `unread`: octets that were received and that are the handshake's beginning; only a server behind a
   * proxy has any.
   */
  startTls(unread?: Uint8Array): Promise<TlsInfo>;
  /** Ends our side once all that was written is sent (half-close). The peer may go on sending. */
  end(): Promise<void>;
  /** Closes both sides at once and frees everything; pending writes settle, and the receiver need not be told. May be called at any time, more than once. */
  destroy(): void;
  /** Where the runtime can: as `destroy`, but so that the peer is told of a broken connection, not of an end. */
  reset?(): void;
  /** TLS facts where the connection began with TLS (implicit TLS); `undefined` in the clear. */
  readonly tls: TlsInfo | undefined;
  /** Peer's address and port where known, for example `192.0.2.1` or `2001:db8::1`. */
  readonly remote: { readonly address?: string; readonly port?: number };
  readonly local: { readonly address?: string; readonly port?: number };
}
