// SCRAM's keys as text (RFC 5803 §2): there and back, and nothing else.

import { formatScramKeys, parseScramKeys } from "@carteiro/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

const lengths = { "SHA-1": 20, "SHA-256": 32, "SHA-512": 64 } as const;
const octets = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });

const namedKeys = fc.constantFrom("SHA-1" as const, "SHA-256" as const, "SHA-512" as const).chain((hash) =>
  fc.record({
    hash: fc.constant(hash),
    keys: fc.record({
      iterations: fc.integer({ min: 1, max: 999_999_999 }),
      salt: fc.uint8Array({ minLength: 1, maxLength: 40 }),
      storedKey: octets(lengths[hash]),
      serverKey: octets(lengths[hash]),
    }),
  }),
);

describe("keys as text", () => {
  test("come back as they were", () => {
    fc.assert(
      fc.property(namedKeys, (named) => {
        expect(parseScramKeys(formatScramKeys(named))).toEqual(named);
      }),
    );
  });

  test("are written as PostgreSQL writes them", () => {
    const zeros = new Uint8Array(32);
    const keys = { iterations: 4096, salt: Uint8Array.of(0, 0, 0), storedKey: zeros, serverKey: zeros };
    const zero = `${"A".repeat(43)}=`;
    expect(formatScramKeys({ hash: "SHA-256", keys })).toBe(`SCRAM-SHA-256$4096:AAAA$${zero}:${zero}`);
  });

  test("are read from one text alone: what is read is written the same again", () => {
    const text = fc.constantFrom(..."SCRAM-SHA-256$:0149=Aa+ ");
    const mutated = fc.tuple(namedKeys, fc.nat(200), fc.nat(3), fc.string({ unit: text, maxLength: 3 }));
    fc.assert(
      fc.property(mutated, ([named, at, cut, added]) => {
        const whole = formatScramKeys(named);
        const changed = whole.slice(0, at) + added + whole.slice(at + cut);
        const read = parseScramKeys(changed);
        if (read !== undefined) expect(formatScramKeys(read)).toBe(changed);
      }),
    );
  });

  test.each([
    "",
    "pencil",
    "SCRAM-SHA-256",
    "SCRAM-SHA-256$0:AAAA$A:A",
    "SCRAM-toString$1:AAAA$AAAA:AAAA",
    "scrypt:a:b",
  ])("are none in %j", (text) => {
    expect(parseScramKeys(text)).toBeUndefined();
  });
});
