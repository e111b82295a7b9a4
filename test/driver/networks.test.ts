// Which addresses are in which networks, and which of them count as one client.

import { InvalidValueError } from "@carteiro/core";
import { networks } from "@carteiro/driver";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

const ipv4 = fc.ipV4();
const groups = fc.array(fc.nat(0xffff), { minLength: 8, maxLength: 8 });

/** The numbers that an address stands for, and back, written out in full. */
const bitsOfIpv4 = (address: string): string =>
  address
    .split(".")
    .map((octet) => Number(octet).toString(2).padStart(8, "0"))
    .join("");
const ipv4OfBits = (bits: string): string =>
  [0, 8, 16, 24].map((at) => Number.parseInt(bits.slice(at, at + 8), 2)).join(".");
const bitsOfGroups = (list: readonly number[]): string =>
  list.map((group) => group.toString(2).padStart(16, "0")).join("");
const ipv6OfBits = (bits: string): string =>
  Array.from({ length: 8 }, (_, at) => Number.parseInt(bits.slice(16 * at, 16 * at + 16), 2).toString(16)).join(":");
const cleared = (bits: string, prefix: number): string => bits.slice(0, prefix).padEnd(bits.length, "0");

describe("networks", () => {
  test("hold an IPv4 address exactly where its first bits are the block's", () => {
    fc.assert(
      fc.property(ipv4, ipv4, fc.nat(32), fc.boolean(), (base, other, prefix, near) => {
        const bits = bitsOfIpv4(base);
        const rest = bitsOfIpv4(other).slice(prefix);
        const address = near ? ipv4OfBits(bits.slice(0, prefix) + rest) : other;
        const isInside = networks([`${ipv4OfBits(cleared(bits, prefix))}/${prefix}`]);
        const expected = bitsOfIpv4(address).slice(0, prefix) === bits.slice(0, prefix);
        expect(isInside(address)).toBe(expected);
        expect(isInside(`::ffff:${address}`)).toBe(expected);
      }),
    );
  });

  test("hold an IPv6 address exactly where its first bits are the block's", () => {
    fc.assert(
      fc.property(groups, groups, fc.nat(128), fc.boolean(), (base, other, prefix, near) => {
        fc.pre(base.slice(0, 5).some((group) => group > 0) && other.slice(0, 5).some((group) => group > 0));
        const bits = bitsOfGroups(base);
        const rest = bitsOfGroups(other);
        const address = near ? bits.slice(0, prefix) + rest.slice(prefix) : rest;
        fc.pre(!address.startsWith("0".repeat(80)) && !cleared(bits, prefix).startsWith("0".repeat(80)));
        const isInside = networks([`${ipv6OfBits(cleared(bits, prefix))}/${prefix}`]);
        expect(isInside(ipv6OfBits(address))).toBe(address.startsWith(bits.slice(0, prefix)));
      }),
    );
  });

  test.each([
    { list: ["192.0.2.1"], inside: ["192.0.2.1", "::ffff:192.0.2.1", "::ffff:c000:201"], outside: ["192.0.2.2"] },
    { list: ["::ffff:192.0.2.0/120"], inside: ["192.0.2.7"], outside: ["192.0.3.1", "::ffff:192.0.3.1"] },
    { list: ["::ffff:192.0.2.1"], inside: ["192.0.2.1"], outside: ["192.0.2.2"] },
    { list: ["127.0.0.0/8", "::1"], inside: ["127.8.8.8", "::1", "0:0:0:0:0:0:0:1"], outside: ["128.0.0.1", "::2"] },
    { list: ["0.0.0.0/0"], inside: ["192.0.2.1", "::ffff:192.0.2.1"], outside: ["::1"] },
    { list: ["::/0"], inside: ["::1", "2001:db8::1"], outside: ["192.0.2.1", "::ffff:192.0.2.1"] },
    { list: ["fe80::/10"], inside: ["fe80::1%eth0", "FE80::1"], outside: ["fec0::1"] },
    { list: [], inside: [], outside: ["127.0.0.1", "::1"] },
  ])("$list hold $inside, and not $outside", ({ list, inside, outside }) => {
    const isInside = networks(list);
    expect(inside.filter((address) => !isInside(address))).toEqual([]);
    expect(outside.filter((address) => isInside(address))).toEqual([]);
  });

  test("hold nobody without an address, and nothing that is none", () => {
    const isInside = networks(["0.0.0.0/0", "::/0"]);
    for (const none of [undefined, "", "localhost", "/run/smtp", "1", "0x7f.1", "127.1", "192.0.2.1:25", "[::1]"])
      expect(isInside(none), String(none)).toBe(false);
  });

  test.each([
    "",
    "localhost",
    "192.0.2",
    "0x7f.0.0.1",
    "010.0.0.1",
    "192.0.2.1/",
    "192.0.2.0/33",
    "192.0.2.0/-1",
    "192.0.2.0/1e1",
    "192.0.2.0/024",
    "192.0.2.0/24/24",
    "192.0.2.1 ",
    "::1/129",
    "::ffff:0.0.0.0/95",
    "fe80::1%eth0",
    "[::1]",
  ])("take no %j, and say so", (entry) => {
    expect(() => networks(["192.0.2.1", entry])).toThrow(InvalidValueError);
    expect(() => networks(["192.0.2.1", entry])).toThrow(JSON.stringify(entry));
  });

  test.each([
    { entry: "192.0.2.1/24", meant: "192.0.2.0/24" },
    { entry: "2001:db8::1/32", meant: "2001:db8::/32" },
    { entry: "::ffff:192.0.2.1/120", meant: "192.0.2.0/24" },
  ])("ask whether $entry was to be $meant", ({ entry, meant }) => {
    expect(() => networks([entry])).toThrow(`did you mean ${meant}`);
  });
});
