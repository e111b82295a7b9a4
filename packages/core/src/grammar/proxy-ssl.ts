// What a proxy that ends TLS tells of it: PP2_TYPE_SSL and its second level (HAProxy's specification, §2.2.6).

import { joinOctets } from "./octets.ts";
import { InvalidValueError } from "./invalid-value-error.ts";
import { formatTlv, formatTlvText, type ProxyTlv, readTlvText, splitTlvs, type TextEncoding } from "./proxy-tlv.ts";

export interface ProxySsl {
  readonly client: ProxySslClient;
  /**
   * The result of verifying the client's certificate, 0 to 2^32 - 1. 0 is success, and also what proxies send where
   * there was no certificate: look at `verified`.
   */
  readonly verify: number;
  /** Whether the client presented a certificate and it was verified. Follows from the two above; not to be formatted. */
  readonly verified: boolean;
  /** For example `TLSv1.3`. */
  readonly version?: string;
  /** Common name of the client certificate's subject. */
  readonly commonName?: string;
  readonly cipher?: string;
  /** Algorithm that the certificate presented by the proxy was signed with, for example `RSA-SHA256`. */
  readonly signatureAlgorithm?: string;
  /** Algorithm of that certificate's key, for example `RSA2048`. */
  readonly keyAlgorithm?: string;
  /** Values of types not known here, in order. */
  readonly others?: readonly ProxyTlv[];
}

/** Bits that say what the client did. */
export interface ProxySslClient {
  /** It connected over TLS. */
  readonly tls: boolean;
  /** It presented a certificate in this connection. */
  readonly certificateInConnection: boolean;
  /** It presented a certificate at least once in this TLS session. */
  readonly certificateInSession: boolean;
}

type TextField = "version" | "commonName" | "cipher" | "signatureAlgorithm" | "keyAlgorithm";

const fields: readonly { readonly type: number; readonly name: TextField; readonly encoding: TextEncoding }[] = [
  { type: 0x21, name: "version", encoding: "ascii" },
  { type: 0x22, name: "commonName", encoding: "utf8" },
  { type: 0x23, name: "cipher", encoding: "ascii" },
  { type: 0x24, name: "signatureAlgorithm", encoding: "ascii" },
  { type: 0x25, name: "keyAlgorithm", encoding: "ascii" },
];

const fieldByType = new Map(fields.map((field) => [field.type, field]));

const overTls = 1;
const inConnection = 2;
const inSession = 4;
/** Octets before the second level. */
const fixedLength = 5;

/**
 * The value, or `undefined` where it is not valid. No field may come twice: which one counts would be a guess.
 *
 *     pp2-tlv-ssl = client 4verify *TLV
 */
export function parseProxySsl(value: Uint8Array): ProxySsl | undefined {
  const tlvs = value.length < fixedLength ? undefined : splitTlvs(value, fixedLength, value.length);
  if (tlvs === undefined) return undefined;
  const texts: Partial<Record<TextField, string>> = {};
  const others: ProxyTlv[] = [];
  for (const tlv of tlvs) {
    const field = fieldByType.get(tlv.type);
    if (field === undefined) {
      others.push(tlv);
      continue;
    }
    const text = readTlvText(tlv.value, field.encoding);
    if (text === undefined || texts[field.name] !== undefined) return undefined;
    texts[field.name] = text;
  }
  const verify = value.subarray(1, fixedLength).reduce((number, octet) => number * 256 + octet, 0);
  return { ...clientAndResult(value[0] ?? 0, verify), ...texts, ...(others.length > 0 && { others }) };
}

function clientAndResult(bits: number, verify: number): Pick<ProxySsl, "client" | "verify" | "verified"> {
  const client = {
    tls: (bits & overTls) !== 0,
    certificateInConnection: (bits & inConnection) !== 0,
    certificateInSession: (bits & inSession) !== 0,
  };
  const hasCertificate = client.certificateInConnection || client.certificateInSession;
  return { client, verify, verified: hasCertificate && verify === 0 };
}

/** Throws `InvalidValueError` for what cannot be said. */
export function formatProxySsl(ssl: ProxySsl): Uint8Array {
  const { client, verify, others = [] } = ssl;
  if (
    !Number.isInteger(verify) ||
    verify < 0 ||
    verify > 0xffffffff ||
    others.some(({ type }) => fieldByType.has(type))
  ) {
    throw new InvalidValueError(
      "PROXY TLV for TLS",
      "Its result is not from 0 to 2^32 - 1, or a known field is among the others",
      "Pass the fields by name",
    );
  }
  const bits =
    (client.tls ? overTls : 0) |
    (client.certificateInConnection ? inConnection : 0) |
    (client.certificateInSession ? inSession : 0);
  return joinOctets([
    Uint8Array.of(bits, verify >>> 24, verify >>> 16, verify >>> 8, verify),
    ...fields.map(({ type, name, encoding }) => formatTlvText(type, ssl[name], encoding)),
    ...others.map(({ type, value }) => formatTlv(type, value)),
  ]);
}
