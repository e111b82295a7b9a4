// What is known of a connection before it says anything: its adapter knows, and hands it to the session.

import type { TlsInfo } from "../session.ts";

export interface ServerOrigin {
  /** What is known of TLS where the connection began with it (implicit TLS, RFC 8314). */
  readonly tls?: TlsInfo;
  /** Whether the client may use XCLIENT and XFORWARD where these are offered. Default: no. */
  readonly trusted?: boolean;
  /** Whether a PROXY header comes before everything else. Default: no. */
  readonly proxied?: boolean;
  /** Whether TLS is to begin behind the PROXY header, before the greeting. Only with `proxied`. Default: no. */
  readonly implicitTls?: boolean;
}
