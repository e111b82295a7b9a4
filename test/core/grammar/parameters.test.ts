// ESMTP parameters (RFC 5321 §4.1.2) and xtext (RFC 3461 §4).

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { InvalidValueError } from "../../../packages/core/src/grammar/invalid-value-error.ts";
import {
  esmtpParameter,
  findParameter,
  formatParameters,
  parseParameters,
} from "../../../packages/core/src/grammar/parameters.ts";
import { encodeUtf8 } from "../../../packages/core/src/grammar/text.ts";
import { formatXtext, parseXtext } from "../../../packages/core/src/grammar/xtext.ts";
import { parameters } from "../../support/arbitraries.ts";

function parse(text: string, utf8 = false) {
  const octets = encodeUtf8(text);
  return parseParameters(octets, 0, octets.length, { utf8 });
}

describe("parameters", () => {
  test("are the same after they were formatted and parsed", () => {
    fc.assert(
      fc.property(parameters(true), (list) => {
        expect(parse(formatParameters(list), true)).toEqual({ ok: true, value: list });
      }),
    );
  });

  test("keep their order and their values; keywords are put in upper case", () => {
    expect(parse(" size=10  Body=8BitMime SMTPUTF8")).toEqual({
      ok: true,
      value: [{ keyword: "SIZE", value: "10" }, { keyword: "BODY", value: "8BitMime" }, { keyword: "SMTPUTF8" }],
    });
    expect(parse("")).toEqual({ ok: true, value: [] });
  });

  test.each(["A=1", " ", " A= ", " A==", " A=b=c", " A B=\x7f", " A\tB", " A=\x01", " é", " A a", " A=1 B a=2", " -A"])(
    "%j is refused",
    (text) => {
      expect(parse(text, true)).toMatchObject({ ok: false, kind: "syntax" });
    },
  );

  test("a value beyond ASCII needs SMTPUTF8", () => {
    expect(parse(" A=é")).toMatchObject({ ok: false, kind: "utf8" });
    expect(parse(" A=é", true)).toMatchObject({ ok: true });
  });

  test("are found by their keyword", () => {
    const list = [esmtpParameter("a", "1"), esmtpParameter("b")];
    expect(findParameter(list, "A")?.value).toBe("1");
    expect(findParameter(list, "C")).toBeUndefined();
  });

  test.each([
    ["", undefined],
    ["A B", undefined],
    ["A=B", undefined],
    ["A=B", "C"],
    ["A", ""],
    ["A", "1 ORCPT=x"],
    ["A", "1\r\nRCPT TO:<a@b>"],
    ["A", "a=b"],
    ["A", "é"],
    ["A", "\ud800"],
  ])("of the caller's are refused: %j with %j", (keyword, value) => {
    expect(() => esmtpParameter(keyword, value)).toThrow(InvalidValueError);
  });
});

describe("xtext", () => {
  const text = fc
    .string({ unit: "binary", maxLength: 20 })
    .map((value) => Array.from(value, (char) => (char < " " || char === "\x7f" ? "+" : char)).join(""));

  test("is the same after it was formatted and parsed, and can stand in a parameter", () => {
    fc.assert(
      fc.property(text, (value) => {
        const encoded = formatXtext(value);
        expect(parseXtext(encoded)).toEqual({ ok: true, value });
        if (encoded !== "") expect(esmtpParameter("ENVID", encoded).value).toBe(encoded);
      }),
    );
  });

  test("encodes what RFC 3461 says, in upper case", () => {
    expect(formatXtext("a+b=c d")).toBe("a+2Bb+3Dc+20d");
    expect(formatXtext("é\t")).toBe("+C3+A9+09");
    expect(parseXtext("a+2Bb+3Dc+20d")).toEqual({ ok: true, value: "a+b=c d" });
  });

  test.each(["+", "+2", "+2b", "+G0", "+00", "+0D+0A", "+7F", "+FF", "a=b", "a b", "é", "a\0"])(
    "%j is refused",
    (value) => {
      expect(parseXtext(value)).toMatchObject({ ok: false });
    },
  );

  test.each(["a\r\nb", "\0", "\x1b", "\ud800"])("cannot be made of %j", (value) => {
    expect(() => formatXtext(value)).toThrow(InvalidValueError);
  });
});
