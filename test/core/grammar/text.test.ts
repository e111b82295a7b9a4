// Octets to strings and back, held against the platform's own coders.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  decodeAscii,
  decodeLenient,
  decodeUtf8,
  encodeUtf8,
  isAsciiText,
  isWellFormed,
  lowerAscii,
} from "../../../packages/core/src/grammar/text.ts";
import { times } from "../../support/arbitraries.ts";

const anyText = fc.oneof(fc.string({ unit: "binary" }), fc.string({ unit: "grapheme" }));
/** Octets that are UTF-8, nearly UTF-8, or anything. */
const anyOctets = fc.oneof(
  fc.uint8Array({ maxLength: 12 }),
  fc
    .array(fc.constantFrom(0x41, 0x80, 0xa0, 0xbf, 0xc0, 0xc2, 0xe0, 0xed, 0xef, 0xf0, 0xf4, 0xf5, 0x90, 0x9f), {
      maxLength: 6,
    })
    .map((octets) => Uint8Array.from(octets)),
);

describe("UTF-8", () => {
  test("is encoded as the platform does it, lone surrogates included", () => {
    const units = fc.array(fc.nat(0xffff)).map((codes) => String.fromCharCode(...codes));
    fc.assert(
      fc.property(fc.oneof(anyText, units), (text) => {
        expect(encodeUtf8(text)).toEqual(new TextEncoder().encode(text));
        expect(isWellFormed(text)).toBe(
          new TextDecoder("utf-8", { ignoreBOM: true }).decode(new TextEncoder().encode(text)) === text,
        );
      }),
    );
  });

  test("is decoded as the platform does it, and refused where the platform refuses", () => {
    const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
    const expected = (octets: Uint8Array): string | undefined => {
      try {
        return strict.decode(octets);
      } catch {
        return undefined;
      }
    };
    fc.assert(
      fc.property(anyOctets, (octets) => {
        expect(decodeUtf8(octets)).toBe(expected(octets));
      }),
      times(50),
    );
  });

  test("is decoded between two indexes", () => {
    fc.assert(
      fc.property(anyText, anyText, anyText, (before, text, after) => {
        const at = encodeUtf8(before).length;
        expect(decodeUtf8(encodeUtf8(before + text + after), at, at + encodeUtf8(text).length)).toBe(text);
      }),
    );
  });

  test("gives way to Latin-1 where leniency is asked for", () => {
    expect(decodeLenient(Uint8Array.of(0x63, 0xe9))).toBe("cé");
    expect(decodeLenient(Uint8Array.of(0xc3, 0xa9))).toBe("é");
  });
});

describe("ASCII", () => {
  test("is decoded whatever its length", () => {
    for (const length of [0, 1, 4095, 4096, 4097, 300_000]) {
      expect(decodeAscii(new Uint8Array(length).fill(97))).toBe("a".repeat(length));
      expect(decodeAscii(new Uint8Array(length + 2).fill(97), 1, length + 1)).toBe("a".repeat(length));
    }
  });

  test("is told from the rest", () => {
    fc.assert(fc.property(anyText, (text) => isAsciiText(text) === (encodeUtf8(text).length === text.length)));
  });

  test("alone is folded to lower case", () => {
    expect(lowerAscii("ABZ-É\u212aİ")).toBe("abz-É\u212aİ");
    expect(lowerAscii("ABZ-@[`{")).toBe("abz-@[`{");
  });
});
