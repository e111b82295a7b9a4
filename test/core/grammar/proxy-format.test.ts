// What formatProxyHeader must not write.

import { describe, expect, test } from "vitest";
import { InvalidValueError } from "../../../packages/core/src/grammar/invalid-value-error.ts";
import { formatProxyHeader, type ProxyHeader } from "../../../packages/core/src/grammar/proxy-header.ts";
import { proxied } from "../../support/proxy-octets.ts";

describe("formatting a PROXY header", () => {
  const end = { address: "192.0.2.1", port: 1 };
  test.each<[string, ProxyHeader]>([
    ["no source", { version: 2, command: "proxy", transport: "tcp4", destination: end, tlvs: {} }],
    ["addresses for LOCAL", { ...proxied, command: "local" }],
    ["addresses for an unknown transport", { ...proxied, transport: "unknown" }],
    ["TLVs for LOCAL", { version: 2, command: "local", transport: "unknown", tlvs: { alpn: "h2" } }],
    ["LOCAL in version 1", { version: 1, command: "local", transport: "unknown", tlvs: {} }],
    ["TLVs in version 1", { ...proxied, version: 1, tlvs: { alpn: "h2" } }],
    ["UDP in version 1", { ...proxied, version: 1, transport: "udp4" }],
    ["an address of the other family", { ...proxied, transport: "tcp6" }],
    ["an address of the other family in version 1", { ...proxied, version: 1, transport: "tcp6" }],
    ["an address with a line end", { ...proxied, version: 1, source: { address: "192.0.2.1\r\n", port: 1 } }],
    ["a port beyond 65535", { ...proxied, source: { ...end, port: 65_536 } }],
    ["a port of no number", { ...proxied, version: 1, source: { ...end, port: Number.NaN } }],
    ["no port", { ...proxied, source: { address: "192.0.2.1" } }],
    ["a path of 109 octets", { ...proxied, transport: "unix", source: { address: "/".repeat(109) } }],
    ["a path with NUL", { ...proxied, transport: "unix", source: { address: "/a\0b" } }],
    ["a path beyond Latin-1", { ...proxied, transport: "unix", source: { address: "/ж" } }],
    ["an authority with a line end", { ...proxied, tlvs: { authority: "a\r\n" } }],
    ["ALPN beyond Latin-1", { ...proxied, tlvs: { alpn: "ж" } }],
    ["a long unique id", { ...proxied, tlvs: { uniqueId: new Uint8Array(129) } }],
    ["a known type among the others", { ...proxied, tlvs: { others: [{ type: 2, value: new Uint8Array(0) }] } }],
    ["a type of two octets", { ...proxied, tlvs: { others: [{ type: 256, value: new Uint8Array(0) }] } }],
    ["a value of 65,536 octets", { ...proxied, tlvs: { others: [{ type: 0xe0, value: new Uint8Array(65_536) }] } }],
    ["more than 65,535 octets", { ...proxied, tlvs: { others: [{ type: 0xe0, value: new Uint8Array(65_530) }] } }],
  ])("refuses %s", (_, header) => {
    expect(() => formatProxyHeader(header)).toThrow(InvalidValueError);
  });
});
