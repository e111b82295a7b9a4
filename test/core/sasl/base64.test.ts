// Base64 (RFC 4648 §4), held against Node's.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { encodeUtf8 } from "../../../packages/core/src/grammar/text.ts";
import { decodeBase64, encodeBase64 } from "../../../packages/core/src/sasl/base64.ts";
import { anyOf, times } from "../../support/arbitraries.ts";

describe("base64", () => {
  test("is encoded as Node does it, and is the same after it was encoded and decoded", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 50 }), (octets) => {
        const text = encodeBase64(octets);
        expect(text).toBe(Buffer.from(octets).toString("base64"));
        expect(decodeBase64(text)).toEqual(octets);
        expect(decodeBase64(encodeUtf8(text))).toEqual(octets);
      }),
    );
  });

  test("is taken in its canonical form alone", () => {
    const nearly = fc.array(anyOf("AQgw/+9=- \n\0é"), { maxLength: 9 }).map((parts) => parts.join(""));
    fc.assert(
      fc.property(nearly, (text) => {
        const isCanonical = Buffer.from(text, "base64").toString("base64") === text;
        expect(decodeBase64(text) !== undefined).toBe(isCanonical);
      }),
      times(50),
    );
  });

  test.each([
    "A",
    "AA",
    "AAA",
    "A===",
    "====",
    "=",
    "AA=A",
    "AB==",
    "AAB=",
    "AA==AA==",
    "AAAA\n",
    " AAA",
    "AA-_",
    "AA===",
  ])("%j is refused", (text) => {
    expect(decodeBase64(text)).toBeUndefined();
  });
});
