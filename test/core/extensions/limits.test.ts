// LIMITS (RFC 9422): what a server announces and a client reads.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatLimits, limits, parseLimits, type SessionLimits } from "../../../packages/core/src/extensions/limits.ts";
import { InvalidValueError } from "../../../packages/core/src/grammar/invalid-value-error.ts";
import { announced } from "../../support/extensions.ts";

describe("LIMITS", () => {
  const limit = fc.integer({ min: 1, max: 999_999 });
  const values: fc.Arbitrary<SessionLimits> = fc.record(
    { mailMax: limit, rcptMax: limit, rcptDomainMax: limit },
    { requiredKeys: [] },
  );

  test("are the same after they were announced and parsed", () => {
    fc.assert(
      fc.property(values, (value) => {
        expect(parseLimits(announced(limits(value), "LIMITS") ?? [])).toEqual(value);
      }),
    );
  });

  test("are not announced where there are none", () => {
    expect(announced(limits({}), "LIMITS")).toBeUndefined();
  });

  test("are read in any order and case, and what is unknown or makes no sense is passed over", () => {
    const parameters = [
      "rcptmax=100",
      "FUTURE",
      "X=1",
      "MailMax=20",
      "RCPTDOMAINMAX=0",
      "RCPTDOMAINMAX=1000000",
      "RCPTDOMAINMAX",
      "RCPTDOMAINMAX=01",
      "RCPTDOMAINMAX=5=6",
      "=7",
      "MAILMAX=-1",
    ];
    expect(parseLimits(parameters)).toEqual({ rcptMax: 100, mailMax: 20 });
  });

  test("that come twice are the lower", () => {
    expect(parseLimits(["MAILMAX=5", "MAILMAX=3", "MAILMAX=4"])).toEqual({ mailMax: 3 });
  });

  test.each([0, -1, 0.5, 1_000_000, Number.NaN])("cannot be %d", (value) => {
    expect(() => formatLimits({ rcptMax: value })).toThrow(InvalidValueError);
  });
});
