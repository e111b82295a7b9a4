// RRVS (RFC 7293) at RCPT.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  formatValidSince,
  parseValidSince,
  rrvs,
  type ValidSince,
} from "../../../packages/core/src/extensions/rrvs.ts";
import { esmtpParameter } from "../../../packages/core/src/grammar/parameters.ts";
import { announced, readRecipient } from "../../support/extensions.ts";

const epochs = fc.integer({ min: 0, max: Date.UTC(9999, 11, 31) });

describe("RRVS", () => {
  const values: fc.Arbitrary<ValidSince> = fc.record(
    { since: epochs, otherwise: fc.constantFrom("continue" as const, "reject" as const) },
    { requiredKeys: ["since"] },
  );

  test("is the same after it was formatted and parsed, and can stand in a command", () => {
    fc.assert(
      fc.property(values, fc.boolean(), (value, lower) => {
        const text = formatValidSince(value);
        expect(parseValidSince(lower ? text.toLowerCase() : text)).toEqual(value);
        expect(esmtpParameter("RRVS", text).value).toBe(text);
      }),
    );
  });

  test("of RFC 7293's example is read", () => {
    expect(readRecipient(rrvs, "RRVS", "2014-04-03T23:01:00Z")).toEqual({
      validSince: { since: Date.UTC(2014, 3, 3, 23, 1) },
    });
    expect(announced(rrvs, "RRVS")).toEqual([]);
  });

  test.each([
    undefined,
    "",
    ";C",
    "2014-04-03",
    "2014-04-03T23:01:00Z;",
    "2014-04-03T23:01:00Z;X",
    "2014-04-03T23:01:00Z;CR",
    "2014-04-03T23:01:00Z;C;R",
    "Thu, 3 Apr 2014 23:01:00 +0000",
  ])("refuses %j", (value) => {
    expect(readRecipient(rrvs, "RRVS", value)).toBe("501 5.5.4");
  });
});
