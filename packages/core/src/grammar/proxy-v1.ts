// The PROXY header's version 1: a line such as `PROXY TCP4 192.0.2.1 192.0.2.2 56324 25` (HAProxy's spec, §2.1).

import { parsePlainDecimal } from "./decimal.ts";
import { InvalidValueError, shown } from "./invalid-value-error.ts";
import { formatIpAddress, ipv4Length, ipv6Length, parseIpAddress } from "./ip-address.ts";
import { type Failure, failure, type Parsed, success } from "./parsed.ts";
import type { ProxyEndpoint, ProxyHeader } from "./proxy-header.ts";
import { decodeAscii, encodeUtf8 } from "./text.ts";

/** Octets in the longest line, CRLF included. */
export const proxyV1Limit = 107;

const families = { tcp4: { word: "TCP4", length: ipv4Length }, tcp6: { word: "TCP6", length: ipv6Length } } as const;
type Family = keyof typeof families;

/**
 * The line without its CRLF. What follows UNKNOWN is ignored, as the specification asks.
 *
 *     header-v1 = "PROXY" SP ( "UNKNOWN" [ SP *OCTET ] / ( "TCP4" / "TCP6" ) 2( SP address ) 2( SP port ) )
 *     port      = "0" / ( %x31-39 0*4DIGIT )     ; to 65535
 */
export function parseProxyV1(line: Uint8Array): Parsed<ProxyHeader> {
  const words = decodeAscii(line).split(" ");
  const [signature, family, source = "", destination = "", sourcePort = "", destinationPort = ""] = words;
  if (signature !== "PROXY") return failure("The PROXY line does not begin with PROXY");
  if (family === "UNKNOWN") return success({ version: 1, command: "proxy", transport: "unknown", tlvs: {} });
  const transport = family === "TCP4" ? "tcp4" : family === "TCP6" ? "tcp6" : undefined;
  if (transport === undefined) return failure("The PROXY line is for neither TCP4 nor TCP6 nor UNKNOWN");
  if (words.length !== 6) return failure("The PROXY line does not have two addresses and two ports");
  const from = parseEndpoint(source, sourcePort, transport);
  const to = parseEndpoint(destination, destinationPort, transport);
  if ("ok" in from) return from;
  if ("ok" in to) return to;
  return success({ version: 1, command: "proxy", transport, source: from, destination: to, tlvs: {} });
}

function parseEndpoint(address: string, port: string, transport: Family): ProxyEndpoint | Failure {
  const octets = parseIpAddress(address);
  if (octets?.length !== families[transport].length) return failure("The PROXY line has an address that is not valid");
  const number = parsePlainDecimal(port, 5);
  if (number === undefined || number > 0xffff) return failure("The PROXY line has a port that is not valid");
  return { address: formatIpAddress(octets), port: number };
}

/** The line with its CRLF. Throws `InvalidValueError` for what version 1 cannot say. */
export function formatProxyV1(header: ProxyHeader): Uint8Array {
  const { command, transport, source, destination, tlvs } = header;
  if (transport === "unknown" && command === "proxy") return encodeUtf8("PROXY UNKNOWN\r\n");
  if ((transport !== "tcp4" && transport !== "tcp6") || command === "local" || Object.keys(tlvs).length > 0) {
    throw new InvalidValueError(
      `PROXY header for ${command} and ${transport}`,
      "Version 1 has TCP and unknown connections alone, and no TLVs",
      "Pass version 2",
    );
  }
  const from = formatEndpoint(source, transport);
  const to = formatEndpoint(destination, transport);
  const words = ["PROXY", families[transport].word, from.address, to.address, from.port, to.port];
  return encodeUtf8(`${words.join(" ")}\r\n`);
}

function formatEndpoint(endpoint: ProxyEndpoint | undefined, transport: Family): ProxyEndpoint {
  const { address = "", port = -1 } = endpoint ?? {};
  const parsed = parseEndpoint(address, String(port), transport);
  if (!("ok" in parsed)) return parsed;
  throw new InvalidValueError(
    `PROXY endpoint ${shown(address)} with port ${port}`,
    `It is none of ${transport}`,
    "Pass an IP address of that family and a port from 0 to 65535",
  );
}
