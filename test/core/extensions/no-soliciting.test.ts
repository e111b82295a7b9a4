// NO-SOLICITING (RFC 3865): SOLICIT at MAIL.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  formatSolicitation,
  noSoliciting,
  parseNoSolicitingAnnouncement,
  parseSolicitation,
} from "../../../packages/core/src/extensions/no-soliciting.ts";
import { InvalidValueError } from "../../../packages/core/src/grammar/invalid-value-error.ts";
import { esmtpParameter } from "../../../packages/core/src/grammar/parameters.ts";
import { times } from "../../support/arbitraries.ts";
import { announced, readMail } from "../../support/extensions.ts";

describe("SOLICIT", () => {
  const keyword = fc.stringMatching(/^[A-Za-z][A-Za-z0-9._:-]{0,12}$/);
  const lists = fc.array(keyword, { minLength: 1, maxLength: 5 });

  test("is the same after it was formatted and parsed, and can stand in a command", () => {
    fc.assert(
      fc.property(lists, (keywords) => {
        const value = formatSolicitation(keywords);
        expect(parseSolicitation(value)).toEqual(keywords);
        expect(esmtpParameter("SOLICIT", value).value).toBe(value);
      }),
    );
  });

  test("takes nothing but what formats to the same", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(..."aZ9.,:-_ =é"), maxLength: 12 }), (value) => {
        const keywords = parseSolicitation(value);
        if (keywords !== undefined) expect(formatSolicitation(keywords)).toBe(value);
      }),
      times(5),
    );
  });

  test("of RFC 3865's example is read", () => {
    const value = "org.example:ADV:ADLT";
    expect(readMail(noSoliciting(), "SOLICIT", value)).toEqual({ solicitation: [value] });
  });

  test.each([undefined, "", ",", "a,", ",a", "1a", ".a", "a b", "a=b", "a+20", "é", "a".repeat(1_001)])(
    "refuses %j",
    (value) => {
      expect(readMail(noSoliciting(), "SOLICIT", value)).toBe("501 5.5.4");
    },
  );

  test("is announced with the classes that are not wanted", () => {
    expect(parseNoSolicitingAnnouncement(announced(noSoliciting(), "NO-SOLICITING") ?? ["x"])).toEqual([]);
    const extension = noSoliciting(["net.example:ADV", "org.example:ADV:ADLT"]);
    expect(parseNoSolicitingAnnouncement(announced(extension, "NO-SOLICITING") ?? [])).toEqual([
      "net.example:ADV",
      "org.example:ADV:ADLT",
    ]);
    expect(parseNoSolicitingAnnouncement(["1"])).toEqual([]);
  });

  test.each([[[]], [["a b"]], [["a,b"]], [[""]], [["a\r\n"]], [["a".repeat(1_001)]]])(
    "cannot be made of %j",
    (keywords) => {
      expect(() => formatSolicitation(keywords)).toThrow(InvalidValueError);
    },
  );
});
