// The PROXY header's version 2: binary, with typed values behind the addresses (HAProxy's specification, §2.2).

import { crc32c } from "./crc32c.ts";
import { InvalidValueError, shown } from "./invalid-value-error.ts";
import { formatIpAddress, ipv4Length, ipv6Length, parseIpAddress } from "./ip-address.ts";
import { failure, type Parsed, success } from "./parsed.ts";
import type { ProxyEndpoint, ProxyHeader, ProxyTransport } from "./proxy-header.ts";
import { joinOctets } from "./octets.ts";
import { formatProxyTlvs, parseProxyTlvs } from "./proxy-tlvs.ts";
import { decodeAscii } from "./text.ts";

export const proxyV2Signature = Uint8Array.of(13, 10, 13, 10, 0, 13, 10, 0x51, 0x55, 0x49, 0x54, 10);
/** Octets before the addresses, the length of what follows among them. */
export const proxyV2FixedLength = 16;

const noOctets = new Uint8Array(0);
const version = 2 << 4;
const unixPathLength = 108;
/** Octets in the value of the checksum's TLV. */
const checksumLength = 4;

type KnownTransport = Exclude<ProxyTransport, "unknown">;

/** The octet for family and protocol, and how long one address is. */
const transports: Readonly<Record<KnownTransport, { readonly octet: number; readonly length: number }>> = {
  tcp4: { octet: 0x11, length: ipv4Length },
  udp4: { octet: 0x12, length: ipv4Length },
  tcp6: { octet: 0x21, length: ipv6Length },
  udp6: { octet: 0x22, length: ipv6Length },
  unix: { octet: 0x31, length: unixPathLength },
  unixDatagram: { octet: 0x32, length: unixPathLength },
};

const transportByOctet = new Map(
  Object.entries(transports).map(([name, { octet }]) => [octet, name as KnownTransport] as const),
);

/** Whether the octet after the signature is one of version 2: a LOCAL or a PROXY command. */
export function isProxyV2Command(octet: number): boolean {
  return octet === version || octet === version + 1;
}

/** Octets of the whole header, which its first sixteen tell. */
export function proxyV2Length(fixed: Uint8Array): number {
  return proxyV2FixedLength + uint16(fixed, 14);
}

/**
 * The whole header. What follows the first sixteen octets of a LOCAL one, or of one whose family or protocol is
 * unspecified, is ignored, as the specification asks. A checksum must be right.
 *
 *     header-v2 = signature %x20-21 family-and-protocol length [ 2address [ 2port ] *TLV ]
 */
export function parseProxyV2(octets: Uint8Array): Parsed<ProxyHeader> {
  const command = octets[12] ?? 0;
  if (!isProxyV2Command(command)) return failure("The PROXY header has an unknown version or command");
  if (command === version) return success({ version: 2, command: "local", transport: "unknown", tlvs: {} });
  const family = (octets[13] ?? 0) >> 4;
  const protocol = (octets[13] ?? 0) & 0xf;
  if (family > 3 || protocol > 2) return failure("The PROXY header has an unknown family or protocol");
  const transport = transportByOctet.get(octets[13] ?? 0);
  if (transport === undefined) return success({ version: 2, command: "proxy", transport: "unknown", tlvs: {} });
  return parseProxied(octets, transport);
}

function parseProxied(octets: Uint8Array, transport: KnownTransport): Parsed<ProxyHeader> {
  const { length } = transports[transport];
  const addressesEnd = proxyV2FixedLength + length * 2;
  const at = length === unixPathLength ? addressesEnd : addressesEnd + 4;
  if (at > octets.length) return failure("The PROXY header is too short for its addresses");
  const tlvs = parseProxyTlvs(octets, at, octets.length);
  if (!tlvs.ok) return tlvs;
  const { checksumAt, ...values } = tlvs.value;
  if (checksumAt !== undefined && !isChecksumRight(octets, checksumAt)) {
    return failure("The PROXY header has a checksum that is not right");
  }
  const source = readEndpoint(octets, proxyV2FixedLength, length, addressesEnd);
  const destination = readEndpoint(octets, proxyV2FixedLength + length, length, addressesEnd + 2);
  return success({ version: 2, command: "proxy", transport, source, destination, tlvs: values });
}

function readEndpoint(octets: Uint8Array, at: number, length: number, portAt: number): ProxyEndpoint {
  const address = octets.subarray(at, at + length);
  if (length === unixPathLength) return { address: readPath(address) };
  return { address: formatIpAddress(address), port: uint16(octets, portAt) };
}

/** Up to its first NUL; an abstract name begins with one, and is what stands before the NULs at the end. */
function readPath(octets: Uint8Array): string {
  if (octets[0] !== 0) {
    const end = octets.indexOf(0);
    return decodeAscii(octets, 0, end < 0 ? octets.length : end);
  }
  return decodeAscii(octets, 0, octets.findLastIndex((octet) => octet !== 0) + 1);
}

function isChecksumRight(octets: Uint8Array, at: number): boolean {
  return uint16(octets, at) * 0x10000 + uint16(octets, at + 2) === checksumOf(octets, at);
}

/** Of the header with zeros in the place of the checksum. */
function checksumOf(octets: Uint8Array, at: number): number {
  return crc32c(Uint8Array.from(octets).fill(0, at, at + checksumLength));
}

function uint16(octets: Uint8Array, at: number): number {
  return ((octets[at] ?? 0) << 8) | (octets[at + 1] ?? 0);
}

/** The whole header. Throws `InvalidValueError` for what version 2 cannot say. */
export function formatProxyV2(header: ProxyHeader): Uint8Array {
  const { command, transport, tlvs } = header;
  const isProxied = command === "proxy" && transport !== "unknown";
  const rest = isProxied ? formatProxied(header, transport) : noOctets;
  if (rest.length > 0xffff) {
    throw new InvalidValueError(
      `PROXY header of ${rest.length} octets`,
      "It is too long",
      "Pass fewer or shorter TLVs",
    );
  }
  const family = isProxied ? transports[transport].octet : 0;
  const meta = Uint8Array.of(version | (command === "proxy" ? 1 : 0), family, rest.length >> 8, rest.length & 0xff);
  const octets = joinOctets([proxyV2Signature, meta, rest]);
  if (tlvs.checksummed === true) writeChecksum(octets);
  return octets;
}

function formatProxied(header: ProxyHeader, transport: KnownTransport): Uint8Array {
  const ends = [header.source, header.destination].map((end) => end ?? { address: "" });
  const addresses = ends.map((end) => writeAddress(end, transport));
  const ports = transports[transport].length === unixPathLength ? [] : ends.map((end) => writePort(end));
  return joinOctets([...addresses, ...ports, formatProxyTlvs(header.tlvs)]);
}

function writeAddress(endpoint: ProxyEndpoint, transport: KnownTransport): Uint8Array {
  const { length } = transports[transport];
  const octets = length === unixPathLength ? writePath(endpoint.address) : parseIpAddress(endpoint.address);
  if (octets?.length === length) return octets;
  throw invalidEndpoint(endpoint, `Its address is none of ${transport}`);
}

/** Where it reads back as it is: octets as Latin-1, and NUL only before an abstract name. */
function writePath(path: string): Uint8Array | undefined {
  if (path.length > unixPathLength) return undefined;
  const octets = new Uint8Array(unixPathLength);
  octets.set(Uint8Array.from(path, (character) => character.charCodeAt(0)));
  return readPath(octets) === path ? octets : undefined;
}

function writePort(endpoint: ProxyEndpoint): Uint8Array {
  const { port = -1 } = endpoint;
  if (Number.isInteger(port) && port >= 0 && port <= 0xffff) return Uint8Array.of(port >> 8, port & 0xff);
  throw invalidEndpoint(endpoint, "Its port is not from 0 to 65535");
}

function invalidEndpoint({ address, port }: ProxyEndpoint, problem: string): InvalidValueError {
  return new InvalidValueError(
    `PROXY endpoint ${shown(address)} with port ${port}`,
    problem,
    "Pass an address and a port of the transport",
  );
}

/** The checksum's TLV is written last. */
function writeChecksum(octets: Uint8Array): void {
  const at = octets.length - checksumLength;
  const sum = checksumOf(octets, at);
  for (let index = 0; index < checksumLength; index++) octets[at + index] = (sum >>> (24 - 8 * index)) & 0xff;
}
