// CHUNKING (RFC 3030 §2): the argument of BDAT.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { chunking, formatChunk, parseChunk } from "../../../packages/core/src/extensions/chunking.ts";
import { InvalidValueError } from "../../../packages/core/src/grammar/invalid-value-error.ts";
import { encodeUtf8 } from "../../../packages/core/src/grammar/text.ts";
import { countedOctets } from "../../support/counted-octets.ts";
import { announced, argument } from "../../support/extensions.ts";

describe("BDAT", () => {
  const chunks = fc.record({ octets: fc.oneof(fc.nat(), fc.maxSafeNat()), last: fc.boolean() });

  test("is the same after it was formatted and parsed", () => {
    fc.assert(
      fc.property(chunks, fc.boolean(), (chunk, lower) => {
        const text = formatChunk(chunk);
        expect(argument(parseChunk, lower ? text.toLowerCase() : text)).toEqual({ ok: true, value: chunk });
      }),
    );
  });

  test.each([
    ["1000", { octets: 1_000, last: false }],
    ["0 LAST", { octets: 0, last: true }],
    ["86  last", { octets: 86, last: true }],
    ["00000000000000000000000086", { octets: 86, last: false }],
    ["9007199254740991", { octets: Number.MAX_SAFE_INTEGER, last: false }],
  ])("%s is read", (text, value) => {
    expect(argument(parseChunk, text)).toEqual({ ok: true, value });
  });

  test.each([
    "",
    " ",
    "LAST",
    "1LAST",
    "1 LAST 2",
    "1 LASTX",
    "1 LAS",
    "1 ",
    "-1",
    "+1",
    "1.5",
    "0x10",
    "1e3",
    "1,000",
    "1 2",
    "1\tLAST",
    "é",
  ])("refuses %j", (text) => {
    expect(argument(parseChunk, text)).toMatchObject({ ok: false, kind: "syntax" });
  });

  test.each(["9007199254740992", "18446744073709551616 LAST", "9".repeat(1_000)])("refuses %s as too much", (text) => {
    expect(argument(parseChunk, text)).toMatchObject({ ok: false, kind: "tooLong" });
  });

  test.each([-1, 0.5, 2 ** 53, Number.NaN])("cannot be made of %d octets", (octets) => {
    expect(() => formatChunk({ octets, last: false })).toThrow(InvalidValueError);
  });

  test("is announced by CHUNKING", () => {
    expect(announced(chunking, "CHUNKING")).toEqual([]);
  });
});

test.each(["0".repeat(20_000), `0${" ".repeat(20_000)}`, `0${" LAST".repeat(4_000)}`])(
  "the argument is looked at a few times an octet",
  (text) => {
    const counted = countedOctets(encodeUtf8(text));
    parseChunk(counted.octets, 0, text.length);
    expect(counted.looks()).toBeLessThan(text.length * 12);
  },
);
