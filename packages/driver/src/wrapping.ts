// Lets somebody stand between a session and its transport: to hold octets back, to change them, to break the connection.

import type { Clock } from "./clock.ts";
import type { Transport } from "./transport.ts";

/** What is known of a connection whose transport is wrapped. */
export interface Wrapping {
  readonly role: "server" | "client";
  /** The session's clock: timers of the wrapper's own come from it. */
  readonly clock: Clock;
  /** Whether a PROXY header comes first. */
  readonly proxied: boolean;
  /** The chart's state at present. */
  readonly state: () => string;
}

/** Gives what the session is to talk through instead of the transport, which the wrapper then destroys when it is destroyed. */
export type WrapTransport = (transport: Transport, wrapping: Wrapping) => Transport;
