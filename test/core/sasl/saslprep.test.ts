// SASLprep (RFC 4013).

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { hasProhibited, saslPrep } from "../../../packages/core/src/sasl/saslprep.ts";
import { hasControl } from "../../support/arbitraries.ts";

describe("SASLprep", () => {
  // RFC 4013 §3, but for the mixed directions, which are not looked at.
  test.each([
    ["I\u00adX", "IX"],
    ["user", "user"],
    ["USER", "USER"],
    ["\u00aa", "a"],
    ["\u2168", "IX"],
    ["\u0007", undefined],
  ])("makes %j the %j of RFC 4013 §3", (text, prepared) => {
    expect(saslPrep(text)).toBe(prepared);
  });

  test.each([
    ["a\u00a0b\u3000c\u200bd", "a b c d"],
    ["p\u00e4ss", "p\u00e4ss"],
    ["pa\u0308ss", "p\u00e4ss"],
    ["\ufb01\u200d\ufe0f", "fi"],
    ["\u{1f600}", "\u{1f600}"],
  ])("makes %j %j", (text, prepared) => {
    expect(saslPrep(text)).toBe(prepared);
  });

  test.each([
    "\x7f",
    "\x85",
    "\u2028",
    "\ue000",
    "\u{f0000}",
    "\u{10fffd}",
    "\ufdd0",
    "\uffff",
    "\u{1fffe}",
    "\ufffd",
    "\u2ff0",
    "\u200e",
    "\u202e",
    "\u{e0041}",
    "\ud800",
    "\udc00a",
  ])("refuses %j", (text) => {
    expect(saslPrep(`a${text}`)).toBeUndefined();
    expect(hasProhibited(text)).toBe(true);
  });

  test("leaves ASCII as it is, unless there are control characters in it", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary-ascii" }), (text) => {
        expect(saslPrep(text)).toBe(hasControl(text) ? undefined : text);
      }),
    );
  });

  test("changes nothing that it has made", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: "grapheme" }), fc.string({ unit: "binary" })), (text) => {
        const prepared = saslPrep(text);
        if (prepared === undefined) return;
        expect(saslPrep(prepared)).toBe(prepared);
        expect(hasProhibited(prepared)).toBe(false);
      }),
    );
  });
});
