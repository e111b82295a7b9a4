// What a drive is given besides a session and a transport.

import type { Clock } from "./clock.ts";
import type { Compute } from "./compute.ts";

/** Who is told what the session says. */
export interface SessionListener<Event> {
  /**
   * Takes each event, in order. While a promise that it returned is pending, nothing more is read from the peer; what has
   * been read is still handed to the session. To throw or to reject breaks the connection, and the session is told so.
   */
  onEvent(event: Event): void | Promise<void>;
  /** The connection is closed, and everything has been told. */
  onClosed?(): void;
}

/** May be the same for any number of connections. */
export interface DriveOptions {
  readonly clock: Clock;
  /**
   * Octets written and not yet taken by the transport beyond which nothing more is read: a peer that reads nothing is
   * not served. Only one side of a connection may have such a limit, or two that write at once wait for each other for
   * ever. Default: none.
   */
  readonly unsentLimit?: number;
  /**
   * Whether octets may be `lent` to the session: it keeps none once it is idle, and the listener has `Drive.lasting` for what it
   * keeps of events. Default: no.
   */
  readonly takesLent?: boolean;
  /** What computes for the session. Default: WebCrypto. */
  readonly compute?: Compute;
}
