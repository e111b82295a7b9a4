// utf-8-addr-xtext and utf-8-addr-unitext (RFC 6533 §3).

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { InvalidValueError } from "../../../packages/core/src/grammar/invalid-value-error.ts";
import { formatUnitext, parseUnitext } from "../../../packages/core/src/grammar/unitext.ts";
import { times } from "../../support/arbitraries.ts";

const texts = fc
  .oneof(
    fc.string({ unit: "binary", minLength: 1, maxLength: 12 }),
    fc.string({ unit: fc.constantFrom(..."\\x{}+= aéж\u{1f600}"), minLength: 1 }),
  )
  .filter((text) => !/[\0-\x1f\x7f-\x9f]/.test(text));

describe("an encoded internationalised address", () => {
  test("is the same after it was formatted and parsed, in either form", () => {
    fc.assert(
      fc.property(texts, fc.boolean(), (text, utf8) => {
        const encoded = formatUnitext(text, utf8);
        expect(parseUnitext(encoded)).toEqual({ ok: true, value: text });
        expect(encoded).toMatch(utf8 ? /^[^\0- +=\x7f]+$/ : /^[!-*,-<>-~]+$/);
      }),
      times(5),
    );
  });

  test("has one spelling in ASCII, but for the case of its digits", () => {
    const pieces = fc.constantFrom("\\", "x", "{", "}", "\\x{", "2B", "2b", "20", "1F600", "10FFFF", "0", "é", "a");
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 8 }), (parts) => {
        const text = parts.join("");
        const parsed = parseUnitext(text);
        if (!parsed.ok) return;
        const spelling = text.replaceAll("é", "\\x{E9}").toUpperCase();
        expect(formatUnitext(parsed.value, false).toUpperCase()).toBe(spelling);
      }),
      times(20),
    );
  });

  test.each([
    ["\\x{2B}", "+"],
    ["\\x{20}\\x{3d}\\x{5C}", " =\\"],
    ["\\x{E9}", "é"],
    ["\\x{10FFFF}", "\u{10ffff}"],
    ["jos\\x{E9}@ex\\x{E4}mple.org", "josé@exämple.org"],
    ["josé@exämple.org", "josé@exämple.org"],
  ])("%s is read as %s", (encoded, value) => {
    expect(parseUnitext(encoded)).toEqual({ ok: true, value });
  });

  test.each([
    "",
    "a b",
    "a+b",
    "a=b",
    "a\\",
    "\\x",
    "\\x{",
    "\\x{}",
    "\\x{2B",
    "\\x{41}",
    "\\x{00}",
    "\\x{0D}",
    "\\x{07}",
    "\\x{7F}",
    "\\x{85}",
    "\\x{0E9}",
    "\\x{D800}",
    "\\x{110000}",
    "\\x{0010FFFF}",
    "\\X{E9}",
    "\\x{nan}",
    "\\x{+2B}",
    "\\x{ 20}",
    "a\x7f",
    "a\x85",
    "\ud800",
  ])("%j is refused", (encoded) => {
    expect(parseUnitext(encoded)).toMatchObject({ ok: false });
  });

  test.each(["", "a\r\nb", "\0", "\x85", "\ud800"])("cannot be made of %j", (text) => {
    expect(() => formatUnitext(text, true)).toThrow(InvalidValueError);
  });
});
