// PROXY headers for properties: of either version, with every typed value and some that nobody knows.

import fc from "fast-check";
import { formatIpAddress } from "../../packages/core/src/grammar/ip-address.ts";
import type { ProxyEndpoint, ProxyHeader } from "../../packages/core/src/grammar/proxy-header.ts";
import type { ProxySsl } from "../../packages/core/src/grammar/proxy-ssl.ts";
import type { ProxyTlv } from "../../packages/core/src/grammar/proxy-tlv.ts";
import type { ProxyTlvs } from "../../packages/core/src/grammar/proxy-tlvs.ts";

function octets(length: number): fc.Arbitrary<Uint8Array> {
  return fc.uint8Array({ minLength: length, maxLength: length });
}

/** Addresses of four or sixteen octets, many of them with zeros. */
export function ipAddresses(length: 4 | 16): fc.Arbitrary<string> {
  const sparse = fc
    .array(fc.constantFrom(0, 0, 0, 1, 255), { minLength: length, maxLength: length })
    .map((list) => Uint8Array.from(list));
  return fc.oneof(octets(length), sparse).map(formatIpAddress);
}

function endpoints(address: fc.Arbitrary<string>): fc.Arbitrary<ProxyEndpoint> {
  return fc.record({ address, port: fc.nat(65_535) });
}

const path = fc.oneof(
  fc.constantFrom("", "/run/smtp.sock", "\0abstract", `\0${"a".repeat(107)}`, "/".repeat(108)),
  fc.string({ maxLength: 20 }).map((text) => text.replaceAll("\0", "x")),
);

const text = fc.string({ maxLength: 12 }).filter((value) => !/[\0-\x1f\x7f]/.test(value));
const unicodeText = fc.oneof(text, fc.constantFrom("exämple.org", "例え.jp", "\u{1f600}"));

function others(...types: number[]): fc.Arbitrary<ProxyTlv[]> {
  const tlv = fc.record({ type: fc.constantFrom(...types), value: fc.uint8Array({ maxLength: 6 }) });
  return fc.array(tlv, { minLength: 1, maxLength: 3 });
}

const ssl: fc.Arbitrary<ProxySsl> = fc
  .record(
    {
      client: fc.record({
        tls: fc.boolean(),
        certificateInConnection: fc.boolean(),
        certificateInSession: fc.boolean(),
      }),
      verify: fc.oneof(fc.constant(0), fc.constant(0xffffffff), fc.nat(0xffffffff)),
      version: text,
      commonName: unicodeText,
      cipher: text,
      signatureAlgorithm: text,
      keyAlgorithm: text,
      others: others(0x20, 0x26, 0xff),
    },
    { requiredKeys: ["client", "verify"] },
  )
  .map((value) => {
    const { certificateInConnection, certificateInSession } = value.client;
    return { ...value, verified: value.verify === 0 && (certificateInConnection || certificateInSession) };
  });

const tlvs: fc.Arbitrary<ProxyTlvs> = fc.record(
  {
    alpn: fc.uint8Array({ maxLength: 6 }).map((list) => String.fromCharCode(...list)),
    authority: unicodeText,
    checksummed: fc.constant(true as const),
    uniqueId: fc.uint8Array({ maxLength: 128 }),
    ssl,
    namespace: text,
    others: others(0, 6, 0x21, 0x31, 0xe0, 0xff),
  },
  { requiredKeys: [] },
);

function proxied(version: 1 | 2, transports: readonly ("tcp4" | "tcp6" | "udp4" | "udp6" | "unix" | "unixDatagram")[]) {
  return fc.constantFrom(...transports).chain((transport): fc.Arbitrary<ProxyHeader> => {
    const isUnix = transport === "unix" || transport === "unixDatagram";
    const end = isUnix ? fc.record({ address: path }) : endpoints(ipAddresses(transport.endsWith("4") ? 4 : 16));
    return fc.record({
      version: fc.constant(version),
      command: fc.constant("proxy" as const),
      transport: fc.constant(transport),
      source: end,
      destination: end,
      tlvs: version === 1 ? fc.constant({}) : tlvs,
    });
  });
}

const unknown: fc.Arbitrary<ProxyHeader> = fc.constantFrom<ProxyHeader>(
  { version: 1, command: "proxy", transport: "unknown", tlvs: {} },
  { version: 2, command: "proxy", transport: "unknown", tlvs: {} },
  { version: 2, command: "local", transport: "unknown", tlvs: {} },
);

export const proxyHeaders: fc.Arbitrary<ProxyHeader> = fc.oneof(
  { weight: 3, arbitrary: proxied(1, ["tcp4", "tcp6"]) },
  { weight: 6, arbitrary: proxied(2, ["tcp4", "tcp6", "udp4", "udp6", "unix", "unixDatagram"]) },
  { weight: 1, arbitrary: unknown },
);
