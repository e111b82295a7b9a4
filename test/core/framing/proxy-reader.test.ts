// The PROXY protocol's header (HAProxy's doc/proxy-protocol.txt) out of a stream of octets.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ProxyReader } from "../../../packages/core/src/framing/proxy-reader.ts";
import { formatProxyHeader } from "../../../packages/core/src/grammar/proxy-header.ts";
import { encodeUtf8 } from "../../../packages/core/src/grammar/text.ts";
import { chunked, concatenated, everyChunking, times } from "../../support/arbitraries.ts";
import { countedOctets } from "../../support/counted-octets.ts";
import { proxyHeaders } from "../../support/proxy-headers.ts";
import { readProxy, tcp4, v2, withTlvs } from "../../support/proxy-octets.ts";

/** Octets that begin as a header and are bent somewhere. */
const bentHeaders = fc
  .tuple(
    proxyHeaders.map(formatProxyHeader),
    fc.array(fc.tuple(fc.nat(80), fc.nat(255)), { maxLength: 3 }),
    fc.nat(300),
  )
  .map(([octets, bends, length]) => {
    const bent = Uint8Array.from(octets);
    for (const [at, octet] of bends) if (at < bent.length) bent[at] = octet;
    return concatenated([bent.subarray(0, length), encodeUtf8("EHLO x\r\n")]);
  });

describe("a PROXY header", () => {
  test("is the same after it was formatted and read, in any chunks, and what is behind it is left", () => {
    fc.assert(
      fc.property(
        proxyHeaders.chain((header) => {
          const octets = formatProxyHeader(header);
          const all = concatenated([octets, encodeUtf8("\r\nPROXY ")]);
          return chunked(all).map((pieces) => ({ header, pieces, end: octets.length }));
        }),
        ({ header, pieces, end }) => {
          expect(readProxy(pieces)).toEqual({ outcome: "header", header, end });
        },
      ),
      times(10),
    );
  });

  test("that is bent comes to the same in any chunks, and what is still read says the same when formatted", () => {
    fc.assert(
      fc.property(
        bentHeaders.chain((octets) => chunked(octets).map((pieces) => ({ octets, pieces }))),
        ({ octets, pieces }) => {
          const read = readProxy([octets]);
          expect(readProxy(pieces)).toEqual(read);
          if (read.header !== undefined)
            expect(readProxy([formatProxyHeader(read.header)])).toMatchObject({ header: read.header });
        },
      ),
      times(30),
    );
  });

  test("of few octets is read alike in every division into chunks", () => {
    for (const octets of [encodeUtf8("PROXY UNKNOWN\r\n"), encodeUtf8("PROXY UNKNOWN\n\r"), v2(0x20, 0, [])]) {
      const read = readProxy([octets]);
      for (const pieces of everyChunking(octets)) {
        const other = readProxy(pieces);
        if (other.outcome !== read.outcome || other.end !== read.end || other.problem !== read.problem)
          expect(other).toEqual(read);
      }
    }
  });
});

describe("the PROXY reader", () => {
  const text = (type: number, ...octets: number[]) => [type, 0, octets.length, ...octets];

  test("is malformed at its first octet that is none, and stays so until a reset", () => {
    const reader = new ProxyReader();
    expect(reader.read(encodeUtf8("E"), 0)).toBe("malformed");
    expect(reader.read(encodeUtf8("PROXY UNKNOWN\r\n"), 0)).toBe("malformed");
    reader.reset();
    expect(reader.problem).toBe("");
    expect(reader.read(encodeUtf8("PROXY UNKNOWN\r\n"), 0)).toBe("header");
  });

  test("may have as many octets as the limit says, and no more", () => {
    const octets = withTlvs(text(4, ...Array.from({ length: 50 }, () => 0)));
    expect(readProxy([octets], octets.length).outcome).toBe("header");
    expect(readProxy([octets], octets.length - 1).outcome).toBe("malformed");
    expect(readProxy([octets.subarray(0, 16)], octets.length - 1).outcome).toBe("malformed");
    const longest = v2(0x21, 0x11, [...tcp4, 4, 0xff, 0xf0, ...Array.from({ length: 65_520 }, () => 0)]);
    expect(readProxy([longest], 65_551).outcome).toBe("header");
  });

  test("keeps its octets when another header is read", () => {
    const reader = new ProxyReader();
    reader.read(withTlvs(text(5, 1, 2, 3)), 0);
    const first = reader.header?.tlvs.uniqueId;
    reader.read(withTlvs(text(5, 4, 5, 6)), 0);
    expect(first).toEqual(Uint8Array.of(1, 2, 3));
  });
});

describe("the PROXY reader's work", () => {
  test.each([
    ["a long line", encodeUtf8(`PROXY UNKNOWN ${"x".repeat(90)}`)],
    ["many small TLVs", withTlvs(Array.from({ length: 3_900 }, (_, at) => (at % 3 === 0 ? 0xe0 : 0)))],
    ["octets that are no header", new Uint8Array(100_000).fill(13)],
  ])("is linear for %s", (_, octets) => {
    for (const size of [1, 7, octets.length]) {
      let looks = 0;
      const reader = new ProxyReader();
      for (let from = 0; from < octets.length; from += size) {
        const counted = countedOctets(octets.subarray(from, from + size));
        reader.read(counted.octets, 0);
        looks += counted.looks();
      }
      expect(looks).toBeLessThan(octets.length * 4 + 100);
    }
  });
});
