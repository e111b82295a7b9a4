// What an adapter gives the driver: one connection of one runtime.

import type { TlsInfo } from "@carteiro/core";

export interface Transport {
  /**
   * The next octets from the peer, or `undefined` once the peer has ended its side. Called only when the session wants
   * input, one call at a time: nothing is to be read from the network otherwise beyond a bounded buffer. The array
   * must not be reused afterwards. Rejects when the connection is broken.
   */
  read(): Promise<Uint8Array | undefined>;
  /**
   * Sends octets. Returns nothing when they were taken and more may follow at once, or a promise that is settled when
   * more may follow (back-pressure). Calls may come before an earlier promise is settled: keep the order. Rejects when
   * the connection is broken.
   */
  write(bytes: Uint8Array): void | Promise<void>;
  /**
   * Upgrades to TLS, in the role that the adapter knows. No read is pending; all writes are settled. Rejects when the
   * handshake fails. `unread`: octets that `read` gave and that are the handshake's beginning; only a server behind a
   * proxy has any.
   */
  startTls(unread?: Uint8Array): Promise<TlsInfo>;
  /** Ends our side once all that was written is sent (half-close). The peer may go on sending. */
  end(): Promise<void>;
  /** Closes both sides at once and frees everything; pending reads and writes settle. May be called at any time, more than once. */
  destroy(): void;
  /** TLS facts where the connection began with TLS (implicit TLS); `undefined` in the clear. */
  readonly tls: TlsInfo | undefined;
  /** Peer's address and port where known, for example `192.0.2.1` or `2001:db8::1`. */
  readonly remote: { readonly address?: string; readonly port?: number };
  readonly local: { readonly address?: string; readonly port?: number };
  /**
   * Settles, with the error, once the connection is broken both ways, as far as that shows while nobody reads; never
   * rejects. Leave it out where a runtime cannot tell: then a peer that goes while the application decides is missed only
   * when it is answered.
   */
  readonly broken?: Promise<unknown>;
}
