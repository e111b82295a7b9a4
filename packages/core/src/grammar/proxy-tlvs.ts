// The typed values of a PROXY header of version 2 (HAProxy's specification, §2.2.1 to §2.2.8).

import { InvalidValueError } from "./invalid-value-error.ts";
import { failure, type Parsed, success } from "./parsed.ts";
import { formatProxySsl, parseProxySsl, type ProxySsl } from "./proxy-ssl.ts";
import { joinOctets } from "./octets.ts";
import { formatTlv, formatTlvText, type ProxyTlv, readTlvText, splitTlvs } from "./proxy-tlv.ts";
import { decodeAscii } from "./text.ts";

export interface ProxyTlvs {
  /** The protocol above TLS, as ALPN names it; its octets as Latin-1. */
  readonly alpn?: string;
  /** The name that the client asked for, SNI for example. */
  readonly authority?: string;
  /** Whether the header had a checksum. Where it has, it was right. */
  readonly checksummed?: true;
  /** What the proxy knows the connection by, at most 128 octets: a view of the header. */
  readonly uniqueId?: Uint8Array;
  readonly ssl?: ProxySsl;
  /** Name of the network namespace. */
  readonly namespace?: string;
  /** Values of types not known here, in order, for example those of a cloud (0xE0 to 0xEF). */
  readonly others?: readonly ProxyTlv[];
}

/** The values, and where that of the checksum stands in the header, for it to be verified. */
export interface FramedProxyTlvs extends ProxyTlvs {
  readonly checksumAt?: number;
}

const types = { alpn: 1, authority: 2, crc32c: 3, noop: 4, uniqueId: 5, ssl: 0x20, namespace: 0x30 } as const;
const knownTypes: ReadonlySet<number> = new Set(Object.values(types));
const uniqueIdLimit = 128;
const checksumLength = 4;

/**
 * The values from `at` to `end`; NOOP is passed over. No type known here may come twice: which one counts would be a
 * guess.
 */
export function parseProxyTlvs(octets: Uint8Array, at: number, end: number): Parsed<FramedProxyTlvs> {
  const tlvs = splitTlvs(octets, at, end);
  if (tlvs === undefined) return failure("The PROXY header ends within a TLV");
  const others = tlvs.filter(({ type }) => !knownTypes.has(type));
  const known = tlvs.filter(({ type }) => knownTypes.has(type) && type !== types.noop);
  if (new Set(known.map(({ type }) => type)).size < known.length) return failure("The PROXY header has a TLV twice");
  let values: FramedProxyTlvs = others.length > 0 ? { others } : {};
  for (const tlv of known) {
    const read = readTlv(tlv, octets);
    if (read === undefined) return failure("The PROXY header has a TLV that is not valid");
    values = { ...values, ...read };
  }
  return success(values);
}

function readTlv({ type, value }: ProxyTlv, octets: Uint8Array): FramedProxyTlvs | undefined {
  switch (type) {
    case types.alpn:
      return { alpn: decodeAscii(value) };
    case types.authority:
      return given("authority", readTlvText(value, "utf8"));
    case types.namespace:
      return given("namespace", readTlvText(value, "ascii"));
    case types.uniqueId:
      return value.length <= uniqueIdLimit ? { uniqueId: value } : undefined;
    case types.ssl:
      return given("ssl", parseProxySsl(value));
    case types.crc32c:
      if (value.length !== checksumLength) return undefined;
      return { checksummed: true, checksumAt: value.byteOffset - octets.byteOffset };
    default:
      return undefined;
  }
}

function given<Name extends keyof ProxyTlvs>(name: Name, value: ProxyTlvs[Name]): ProxyTlvs | undefined {
  return value === undefined ? undefined : { [name]: value };
}

/** The values in octets, zeros for a checksum, which is the last. Throws `InvalidValueError` for what cannot be said. */
export function formatProxyTlvs(tlvs: ProxyTlvs): Uint8Array {
  const { alpn, uniqueId, ssl, others = [] } = tlvs;
  const alpnOctets = alpn === undefined ? undefined : Uint8Array.from(alpn, (character) => character.charCodeAt(0));
  const isInvalid =
    (alpnOctets !== undefined && decodeAscii(alpnOctets) !== alpn) ||
    (uniqueId !== undefined && uniqueId.length > uniqueIdLimit) ||
    others.some(({ type }) => knownTypes.has(type) || !Number.isInteger(type) || type < 0 || type > 0xff);
  if (isInvalid) {
    throw new InvalidValueError(
      "PROXY TLVs",
      "ALPN is not Latin-1, the unique id is over 128 octets, or the others have a type that is known or no octet",
      "Pass values of known types by name",
    );
  }
  return joinOctets([
    ...(alpnOctets === undefined ? [] : [formatTlv(types.alpn, alpnOctets)]),
    formatTlvText(types.authority, tlvs.authority, "utf8"),
    formatTlvText(types.namespace, tlvs.namespace, "ascii"),
    ...(uniqueId === undefined ? [] : [formatTlv(types.uniqueId, uniqueId)]),
    ...(ssl === undefined ? [] : [formatTlv(types.ssl, formatProxySsl(ssl))]),
    ...others.map(({ type, value }) => formatTlv(type, value)),
    ...(tlvs.checksummed === true ? [formatTlv(types.crc32c, new Uint8Array(checksumLength))] : []),
  ]);
}
