// The PROXY protocol's header (HAProxy's doc/proxy-protocol.txt): who the connection is from that a proxy passes on.

import { InvalidValueError } from "./invalid-value-error.ts";
import type { ProxyTlvs } from "./proxy-tlvs.ts";
import { formatProxyV1 } from "./proxy-v1.ts";
import { formatProxyV2 } from "./proxy-v2.ts";

/** One end of the connection that came in at the proxy. */
export interface ProxyEndpoint {
  /** An IP address in its one spelling (RFC 5952), or the path of a Unix socket, its octets as Latin-1. */
  readonly address: string;
  /** 0 to 65535; absent for a Unix socket. */
  readonly port?: number;
}

/** `unknown`: the proxy names no addresses that could be used. Version 1 has `tcp4`, `tcp6` and `unknown` alone. */
export type ProxyTransport = "tcp4" | "tcp6" | "udp4" | "udp6" | "unix" | "unixDatagram" | "unknown";

/**
 * A header. Where `command` is `local` (the proxy's own connection, such as a health check) or `transport` is
 * `unknown`, there is neither source nor destination, and the real connection's addresses count.
 */
export interface ProxyHeader {
  readonly version: 1 | 2;
  readonly command: "local" | "proxy";
  readonly transport: ProxyTransport;
  /** The client. */
  readonly source?: ProxyEndpoint;
  /** Where the client connected to. */
  readonly destination?: ProxyEndpoint;
  /** What else the proxy told; nothing in version 1, and nothing without addresses. */
  readonly tlvs: ProxyTlvs;
}

/**
 * The header's octets, for a client behind which others are, and for tests. Throws `InvalidValueError` for what its
 * version cannot say and for addresses that are not of its transport.
 */
export function formatProxyHeader(header: ProxyHeader): Uint8Array {
  const { source, destination } = header;
  const hasAddresses = header.command === "proxy" && header.transport !== "unknown";
  if (hasAddresses ? !source || !destination : source || destination || Object.keys(header.tlvs).length > 0) {
    throw new InvalidValueError(
      `PROXY header for ${header.command} and ${header.transport}`,
      "Both addresses go with a known transport, and neither they nor TLVs with anything else",
      "Pass source and destination, or the transport unknown without them",
    );
  }
  return header.version === 1 ? formatProxyV1(header) : formatProxyV2(header);
}
