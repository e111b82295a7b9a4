// FUTURERELEASE (RFC 4865): HOLDFOR and HOLDUNTIL at MAIL.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  formatHoldFor,
  formatHoldUntil,
  futureRelease,
  parseFutureReleaseAnnouncement,
  parseHoldFor,
  parseHoldUntil,
} from "../../../packages/core/src/extensions/future-release.ts";
import { InvalidValueError } from "../../../packages/core/src/grammar/invalid-value-error.ts";
import { esmtpParameter } from "../../../packages/core/src/grammar/parameters.ts";
import { announced, codes, readMail } from "../../support/extensions.ts";

const epochs = fc.integer({ min: 0, max: Date.UTC(9999, 11, 31) });

describe("HOLDFOR and HOLDUNTIL", () => {
  const limits = { interval: 86_400, until: Date.UTC(2030, 0, 31) };
  const extension = futureRelease(limits);

  test("are the same after they were formatted and parsed", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 999_999_999 }), epochs, (seconds, epoch) => {
        expect(parseHoldFor(formatHoldFor(seconds))).toBe(seconds);
        expect(parseHoldUntil(esmtpParameter("HOLDUNTIL", formatHoldUntil(epoch)).value)).toBe(epoch);
      }),
    );
  });

  test("are taken up to the limits announced", () => {
    expect(readMail(extension, "HOLDFOR", "86400")).toEqual({ holdFor: 86_400 });
    expect(readMail(extension, "HOLDFOR", "86401")).toBe("501 5.5.4");
    expect(readMail(extension, "HOLDUNTIL", "2030-01-31T01:00:00+01:00")).toEqual({ holdUntil: limits.until });
    expect(readMail(extension, "HOLDUNTIL", "2030-01-31T00:00:00.001Z")).toBe("501 5.5.4");
  });

  test.each([undefined, "", "0", "01", "-1", "+1", "1.5", "1000000000", "1e3"])("HOLDFOR refuses %j", (value) => {
    expect(readMail(extension, "HOLDFOR", value)).toBe("501 5.5.4");
  });

  test.each([undefined, "", "2029-01-31", "2029-02-30T00:00:00Z", "2029-01-31T00:00:00", "1893456000"])(
    "HOLDUNTIL refuses %j",
    (value) => {
      expect(readMail(extension, "HOLDUNTIL", value)).toBe("501 5.5.4");
    },
  );

  test("exclude each other", () => {
    const check = (parameters: { holdFor?: number; holdUntil?: number }) =>
      extension.checkMail?.({ ...parameters, raw: [] });
    const refusal = check({ holdFor: 1, holdUntil: 1 });
    expect(refusal && codes(refusal)).toBe("501 5.5.4");
    expect([check({ holdFor: 1 }), check({ holdUntil: 1 }), check({})]).toEqual([undefined, undefined, undefined]);
  });

  test("are announced with both limits", () => {
    expect(announced(extension, "FUTURERELEASE")).toEqual(["86400", "2030-01-31T00:00:00Z"]);
    expect(parseFutureReleaseAnnouncement(announced(extension, "FUTURERELEASE") ?? [])).toEqual(limits);
    for (const parameters of [[], ["86400"], ["0", "2030-01-31T00:00:00Z"], ["86400", "2030"]]) {
      expect(parseFutureReleaseAnnouncement(parameters)).toBeUndefined();
    }
  });

  test("cannot be made or announced beyond their range", () => {
    for (const seconds of [0, 1e9, 0.5, Number.NaN]) expect(() => formatHoldFor(seconds)).toThrow(InvalidValueError);
    expect(() => futureRelease({ interval: 0, until: 0 })).toThrow(InvalidValueError);
    expect(() => futureRelease({ interval: 1, until: Infinity })).toThrow(InvalidValueError);
  });
});
