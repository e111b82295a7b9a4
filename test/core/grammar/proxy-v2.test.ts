// The PROXY header's version 2 and its TLVs (HAProxy's specification, §2.2).

import { describe, expect, test } from "vitest";
import { crc32c } from "../../../packages/core/src/grammar/crc32c.ts";
import { formatProxyHeader } from "../../../packages/core/src/grammar/proxy-header.ts";
import { encodeUtf8 } from "../../../packages/core/src/grammar/text.ts";
import { proxied, readProxy, signature, tcp4, v2, withTlvs } from "../../support/proxy-octets.ts";

describe("a PROXY header of version 2", () => {
  test("is read from the specification's numbers", () => {
    expect(readProxy([v2(0x21, 0x11, tcp4)]).header).toEqual(proxied);
  });

  test("for LOCAL has no addresses, whatever else is in it", () => {
    const header = { version: 2, command: "local", transport: "unknown", tlvs: {} };
    for (const octets of [v2(0x20, 0, []), v2(0x20, 0x11, tcp4), v2(0x20, 0xff, [1, 2, 3])]) {
      expect(readProxy([octets, encodeUtf8("E")])).toEqual({ outcome: "header", header, end: octets.length });
    }
  });

  test.each([0x00, 0x01, 0x02, 0x10, 0x20, 0x30])(
    "whose family or protocol is unspecified (%i) has none either",
    (family) => {
      const header = { version: 2, command: "proxy", transport: "unknown", tlvs: {} };
      expect(readProxy([v2(0x21, family, [9, 9, 9, 9])])).toEqual({ outcome: "header", header, end: 20 });
    },
  );

  const ssl = [0x20, 0, 5 + 8, 7, 0, 0, 0, 0, 0x21, 0, 5, ...encodeUtf8("TLSv1")];

  test("gives its values typed", () => {
    const octets = withTlvs(
      [1, 0, 2, 104, 50],
      [2, 0, 3, 0xc3, 0xa9, 120],
      [4, 0, 1, 0],
      [5, 0, 1, 9],
      ssl,
      [0x30, 0, 1, 110],
      [0xea, 0, 1, 7],
    );
    expect(readProxy([octets]).header?.tlvs).toEqual({
      alpn: "h2",
      authority: "éx",
      uniqueId: Uint8Array.of(9),
      ssl: {
        client: { tls: true, certificateInConnection: true, certificateInSession: true },
        verify: 0,
        verified: true,
        version: "TLSv1",
      },
      namespace: "n",
      others: [{ type: 0xea, value: Uint8Array.of(7) }],
    });
  });

  test.each([
    [0b001, 0, false],
    [0b010, 0, true],
    [0b100, 0, true],
    [0b111, 1, false],
    [0b111, 0x80, false],
  ])("with the client bits %i and the result %i has its certificate verified: %s", (bits, verify, verified) => {
    expect(readProxy([withTlvs([0x20, 0, 5, bits, 0, 0, 0, verify])]).header?.tlvs.ssl).toMatchObject({
      verify,
      verified,
    });
    expect(readProxy([withTlvs([0x20, 0, 5, bits, verify, 0, 0, 0])]).header?.tlvs.ssl).toMatchObject({ verified });
  });

  test("has the checksum of RFC 3720 and RFC 4960, its highest octet first", () => {
    expect(crc32c(encodeUtf8("123456789"))).toBe(0xe3069283);
    expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
    const octets = formatProxyHeader({ ...proxied, tlvs: { checksummed: true } });
    const sum = crc32c(Uint8Array.from(octets).fill(0, -4));
    expect([...octets].slice(-7)).toEqual([3, 0, 4, sum >>> 24, (sum >>> 16) & 255, (sum >>> 8) & 255, sum & 255]);
  });

  test("with a checksum is malformed whichever of its bits is turned, but for those that make another header of it", () => {
    const octets = formatProxyHeader({ ...proxied, tlvs: { checksummed: true, authority: "example.org" } });
    for (let bit = 16 * 8; bit < octets.length * 8; bit++) {
      const turned = Uint8Array.from(octets);
      turned[bit >> 3] = (turned[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      const hasChecksum =
        turned[octets.length - 7] === 3 && turned[octets.length - 6] === 0 && turned[octets.length - 5] === 4;
      if (hasChecksum) expect(readProxy([turned]).outcome, `bit ${bit}`).toBe("malformed");
    }
  });

  const text = (type: number, ...octets: number[]) => [type, 0, octets.length, ...octets];
  test.each<[string, Uint8Array]>([
    ["a signature cut short by something else", Uint8Array.of(...signature.slice(0, 11), 0)],
    ["version 1 in binary", v2(0x11, 0x11, tcp4)],
    ["version 3", v2(0x31, 0x11, tcp4)],
    ["an unknown command", v2(0x22, 0x11, tcp4)],
    ["an unknown family", v2(0x21, 0x41, tcp4)],
    ["an unknown protocol", v2(0x21, 0x13, tcp4)],
    ["no addresses", v2(0x21, 0x11, [])],
    ["IPv4 addresses cut short", v2(0x21, 0x11, tcp4.slice(1))],
    [
      "IPv6 addresses cut short",
      v2(
        0x21,
        0x21,
        Array.from({ length: 35 }, () => 0),
      ),
    ],
    [
      "Unix addresses cut short",
      v2(
        0x21,
        0x31,
        Array.from({ length: 215 }, () => 0),
      ),
    ],
    ["a length beyond the limit", v2(0x21, 0x11, tcp4, 65_535)],
    ["a TLV without its length", withTlvs([5, 0])],
    ["a TLV that is longer than the header", withTlvs([5, 0, 2, 1])],
    ["a TLV that comes twice", withTlvs(text(2, 97), text(2, 98))],
    ["a checksum of three octets", withTlvs(text(3, 0, 0, 0))],
    ["a wrong checksum", withTlvs(text(3, 0, 0, 0, 0))],
    ["an authority that is not UTF-8", withTlvs(text(2, 0xff))],
    ["an authority with a line end", withTlvs(text(2, 97, 13, 10))],
    ["an authority with a C1 control", withTlvs(text(2, 0xc2, 0x85))],
    ["a namespace beyond ASCII", withTlvs(text(0x30, 0xc3, 0xa9))],
    ["a unique id of 129 octets", withTlvs([5, 0, 129, ...Array.from({ length: 129 }, () => 1)])],
    ["an SSL value of four octets", withTlvs(text(0x20, 0, 0, 0, 0))],
    ["an SSL value with a field cut short", withTlvs(text(0x20, 1, 0, 0, 0, 0, 0x21, 0, 1))],
    ["an SSL value with a field twice", withTlvs(text(0x20, 1, 0, 0, 0, 0, 0x23, 0, 1, 97, 0x23, 0, 1, 97))],
    ["a TLS version beyond ASCII", withTlvs(text(0x20, 1, 0, 0, 0, 0, 0x21, 0, 2, 0xc3, 0xa9))],
    ["a common name with a line end", withTlvs(text(0x20, 1, 0, 0, 0, 0, 0x22, 0, 1, 10))],
  ])("with %s is malformed", (_, octets) => {
    expect(readProxy([octets])).toMatchObject({
      outcome: "malformed",
      problem: expect.stringMatching(/^[A-Z][ -~]+$/),
    });
  });
});
