// Where a client goes: which port where none is named, and what that means for LMTP and for tokens. For adapters.

import type { ClientOptions } from "./client-options.ts";

/** What the options of every adapter's `connect` have in common. */
export interface Destination extends Pick<ClientOptions, "protocol" | "auth"> {
  /** Name or address of the server. Default: `localhost`. All its addresses are tried, IPv6 and IPv4 in turn (RFC 8305). */
  readonly host?: string;
  /** Default: 24 for LMTP, 465 with `implicitTls`, 587 with `auth`, else 25. */
  readonly port?: number;
  /** Unix socket instead of host and port. */
  readonly path?: string;
  /** Speaks LMTP to port 25 all the same, where SMTP is at home and LMTP must not be (RFC 2033 §5). Default: no. */
  readonly allowPort25?: boolean;
  /** Whether the connection begins with TLS (RFC 8314). Default: no. */
  readonly implicitTls?: boolean;
}

/** The port that is meant: 24 for LMTP, 465 with implicit TLS, 587 with `auth`, else 25. */
export function portOf({ port, protocol, implicitTls, auth }: Destination): number {
  if (port !== undefined) return port;
  if (protocol === "lmtp") return 24;
  if (implicitTls === true) return 465;
  return auth === undefined ? 25 : 587;
}

/**
 * Throws `TypeError` for LMTP to port 25 (RFC 2033 §5): that is nearly always SMTP to a relay that was meant, and would bring mail
 * to where nobody queues it.
 */
export function checkPort(destination: Destination): void {
  const { protocol, path, allowPort25 } = destination;
  if (protocol !== "lmtp" || path !== undefined || allowPort25 === true || portOf(destination) !== 25) return;
  throw new TypeError("LMTP must not be spoken to port 25: give another port or a path, or set allowPort25");
}

/** `auth` for `openClient`: OAUTHBEARER tells the server whom the client believes to talk to (RFC 7628 §3.1). */
export function authenticationAt(destination: Destination): Pick<ClientOptions, "auth"> {
  const { auth, host = "localhost", path } = destination;
  if (auth === undefined || !("token" in auth) || path !== undefined) return {};
  return { auth: { host, port: portOf(destination), ...auth } };
}
