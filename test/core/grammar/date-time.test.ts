// Timestamps of RFC 3339, held against the runtime's own Date, which the product may not use.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatDateTime, parseDateTime } from "../../../packages/core/src/grammar/date-time.ts";
import { InvalidValueError } from "../../../packages/core/src/grammar/invalid-value-error.ts";
import { times } from "../../support/arbitraries.ts";

const earliest = Date.UTC(2000, 0, 1) - 730_485 * 86_400_000;
const latest = Date.UTC(9999, 11, 31, 23, 59, 59, 999);
const epochs = fc.oneof(
  fc.integer({ min: earliest, max: latest }),
  fc.integer({ min: 0, max: 4e9 }).map((seconds) => seconds * 1_000),
);

function two(number: number): string {
  return String(number).padStart(2, "0");
}

/** Any two digits in each place, so that most are no times at all. */
const anyDigits = fc
  .tuple(
    fc.integer({ min: 1, max: 9999 }),
    fc.nat(13),
    fc.nat(32),
    fc.nat(25),
    fc.nat(61),
    fc.nat(60),
    fc.integer({ min: -25, max: 25 }),
  )
  .filter(([, , , , , second]) => second !== 60)
  .map(([year, month, day, hour, minute, second, offset]) => {
    const zone = offset === 0 ? "Z" : `${offset < 0 ? "-" : "+"}${two(Math.abs(offset))}:30`;
    return `${String(year).padStart(4, "0")}-${two(month)}-${two(day)}T${two(hour)}:${two(minute)}:${two(second)}${zone}`;
  });

describe("a timestamp of RFC 3339", () => {
  test("is the same after it was formatted and parsed, and formatted as Date formats it", () => {
    fc.assert(
      fc.property(epochs, (epoch) => {
        const text = formatDateTime(epoch);
        expect(parseDateTime(text)).toBe(epoch);
        expect(text).toBe(new Date(epoch).toISOString().replace(".000Z", "Z"));
      }),
      times(20),
    );
  });

  test("is what Date makes of it, wherever its day is in the calendar", () => {
    fc.assert(
      fc.property(anyDigits, (text) => {
        const [year = 0, month = 0, day = 0] = text.slice(0, 10).split("-").map(Number);
        const date = new Date(`${text.slice(0, 10)}T00:00:00Z`);
        const isInCalendar =
          date.getUTCMonth() + 1 === month && date.getUTCDate() === day && date.getUTCFullYear() === year;
        // Date knows an hour 24, and RFC 3339 does not.
        const hasHour24 = text.slice(11, 13) === "24" || text.endsWith("24:30");
        const expected = isInCalendar && !hasHour24 ? Date.parse(text) : Number.NaN;
        expect(parseDateTime(text) ?? Number.NaN).toBe(expected);
      }),
      times(50),
    );
  });

  test.each([
    ["1985-04-12T23:20:50.52Z", 482_196_050_520],
    ["1996-12-19T16:39:57-08:00", 851_042_397_000],
    ["1990-12-31T23:59:60Z", 662_688_000_000],
    ["1990-12-31T15:59:60-08:00", 662_688_000_000],
    ["1937-01-01T12:00:27.87+00:20", -1_041_337_172_130],
    ["2014-04-03t23:01:00z", 1_396_566_060_000],
    ["2014-04-03T23:01:00.0019999999Z", 1_396_566_060_001],
    ["2000-02-29T00:00:00Z", 951_782_400_000],
    ["0000-01-01T00:00:00Z", earliest],
  ])("%s is %i", (text, epoch) => {
    expect(parseDateTime(text)).toBe(epoch);
  });

  test.each([
    "",
    "2014-04-03",
    "2014-04-03T23:01:00",
    "2014-04-03 23:01:00Z",
    "2014-04-03T23:01Z",
    "2014-04-03T23:01:00.Z",
    "2014-04-03T23:01:00,5Z",
    "2014-04-03T23:01:00+0100",
    "2014-04-03T23:01:00+01",
    "2014-04-03T23:01:00+24:00",
    "2014-04-03T23:01:00+01:60",
    "2014-04-03T23:01:00Z ",
    "2014-04-03T23:01:60Z",
    "2014-04-03T23:01:61Z",
    "2014-04-03T24:00:00Z",
    "2014-04-31T23:01:00Z",
    "1900-02-29T23:01:00Z",
    "2014-00-03T23:01:00Z",
    "2014-13-03T23:01:00Z",
    "+014-04-03T23:01:00Z",
    "2014-04-03T2３:01:00Z",
    "20140403T230100Z",
  ])("%j is none", (text) => {
    expect(parseDateTime(text)).toBeUndefined();
  });

  test.each([Number.NaN, 0.5, latest + 1, earliest - 1, Number.MAX_SAFE_INTEGER])("cannot be made of %d", (epoch) => {
    expect(() => formatDateTime(epoch)).toThrow(InvalidValueError);
  });
});
