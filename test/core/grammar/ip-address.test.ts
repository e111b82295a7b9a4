// IP addresses in text and octets, held against Node's own parser and the URL standard's serialiser.

import { isIP } from "node:net";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { canonicalIpAddress, formatIpAddress, parseIpAddress } from "../../../packages/core/src/grammar/ip-address.ts";
import { times } from "../../support/arbitraries.ts";

const sparseOctets = fc
  .constantFrom(4, 16)
  .chain((length) =>
    fc.array(fc.oneof(fc.constant(0), fc.constant(0xff), fc.nat(255)), { minLength: length, maxLength: length }),
  )
  .map((list) => Uint8Array.from(list));

/** Texts that are addresses, or nearly so. */
const nearAddresses = fc.oneof(
  fc.string({ unit: fc.constantFrom(..."0129af:.F"), maxLength: 20 }),
  fc
    .array(fc.constantFrom("0", "1", "ffff", "12345", "::", ":", "1.2.3.4", "."), { maxLength: 16 })
    .map((parts) => parts.join("")),
  fc.array(fc.constantFrom("0", "ab", "ffff", ""), { minLength: 5, maxLength: 9 }).map((groups) => groups.join(":")),
  fc
    .tuple(sparseOctets.map(formatIpAddress), fc.nat(40), fc.constantFrom(":", "0", ".", "g", ""))
    .map(([address, at, extra]) => address.slice(0, at) + extra + address.slice(at + 1)),
);

describe("an IP address", () => {
  test("is the same octets after it was formatted and parsed", () => {
    fc.assert(
      fc.property(sparseOctets, (octets) => {
        expect(parseIpAddress(formatIpAddress(octets))).toEqual(octets);
      }),
      times(10),
    );
  });

  test("is taken where Node takes it, and nowhere else", () => {
    fc.assert(
      fc.property(nearAddresses, (text) => {
        const length = parseIpAddress(text)?.length;
        expect(length).toBe({ 0: undefined, 4: 4, 6: 16 }[isIP(text)]);
      }),
      times(50),
    );
  });

  test("of IPv6 is written as a URL writes it, but for one that is mapped from IPv4", () => {
    fc.assert(
      fc.property(sparseOctets, (octets) => {
        const text = formatIpAddress(octets);
        if (octets.length === 4 || text.startsWith("::ffff:")) return;
        expect(new URL(`http://[${text}]/`).hostname).toBe(`[${text}]`);
      }),
      times(10),
    );
  });

  test.each([
    ["2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
    ["2001:db8::1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
    ["0:0:0:0:0:0:0:0", "::"],
    ["::FFFF:192.0.2.1", "::ffff:192.0.2.1"],
    ["0:0:0:0:0:ffff:c000:201", "::ffff:192.0.2.1"],
    ["::192.0.2.1", "::c000:201"],
    ["1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"],
    ["::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"],
    ["192.0.2.1", "192.0.2.1"],
  ])("%s has the one spelling %s", (text, canonical) => {
    expect(canonicalIpAddress(text)).toBe(canonical);
  });

  test.each([
    "",
    "1.2.3",
    "1.2.3.4.5",
    "01.2.3.4",
    "256.1.1.1",
    "::1%eth0",
    "[::1]",
    "1::2::3",
    ":::",
    "::1.2.3.4:5",
    " ::1",
    "1.2.3.4 ",
  ])("%j is none", (text) => {
    expect(canonicalIpAddress(text)).toBeUndefined();
  });

  test("is not looked for in text that is too long for one", () => {
    expect(parseIpAddress("0:".repeat(1_000_000))).toBeUndefined();
  });
});
