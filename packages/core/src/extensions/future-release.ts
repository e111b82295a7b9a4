// FUTURERELEASE (RFC 4865): a message submitted now, to be released later. HOLDFOR or HOLDUNTIL at MAIL, never both.

import { formatDateTime, parseDateTime } from "../grammar/date-time.ts";
import { parsePlainDecimal } from "../grammar/decimal.ts";
import { InvalidValueError } from "../grammar/invalid-value-error.ts";
import { reply } from "../grammar/reply.ts";
import type { Extension } from "./extension.ts";

export interface FutureReleaseLimits {
  /** Most seconds that HOLDFOR may ask for, 1 to 999,999,999. */
  readonly interval: number;
  /** Latest time that HOLDUNTIL may ask for, in milliseconds since 1970. */
  readonly until: number;
}

const longestInterval = 9;
const greatestInterval = 999_999_999;

const malformedInterval = reply(501, "5.5.4", "HOLDFOR takes 1 to 999999999 seconds");
const malformedTime = reply(501, "5.5.4", "HOLDUNTIL takes a date and time such as 2030-01-31T12:00:00Z");
const tooLong = reply(501, "5.5.4", "HOLDFOR is more than this server takes");
const tooLate = reply(501, "5.5.4", "HOLDUNTIL is later than this server takes");
const both = reply(501, "5.5.4", "HOLDFOR and HOLDUNTIL exclude each other");

/**
 * Announces the limits and refuses what is beyond them. Whether HOLDUNTIL has passed already is for who has a clock to
 * say. Throws `InvalidValueError` for limits that cannot be announced. For submission alone.
 */
export function futureRelease(limits: FutureReleaseLimits): Extension {
  const announcement = `FUTURERELEASE ${formatHoldFor(limits.interval)} ${formatHoldUntil(limits.until)}`;
  return {
    keyword: "FUTURERELEASE",
    announce: () => announcement,
    mailParameters: {
      HOLDFOR(value) {
        const holdFor = parseHoldFor(value);
        if (holdFor === undefined) return { refused: malformedInterval };
        return holdFor > limits.interval ? { refused: tooLong } : { typed: { holdFor } };
      },
      HOLDUNTIL(value) {
        const holdUntil = parseHoldUntil(value);
        if (holdUntil === undefined) return { refused: malformedTime };
        return holdUntil > limits.until ? { refused: tooLate } : { typed: { holdUntil } };
      },
    },
    checkMail: ({ holdFor, holdUntil }) => (holdFor === undefined || holdUntil === undefined ? undefined : both),
  };
}

/**
 * Seconds.
 *
 *     future-release-interval = %x31-39 *8DIGIT
 */
export function parseHoldFor(value: string | undefined): number | undefined {
  const seconds = parsePlainDecimal(value ?? "", longestInterval);
  return seconds === 0 ? undefined : seconds;
}

/** HOLDFOR's value. Throws `InvalidValueError` unless it is 1 to 999,999,999 whole seconds. */
export function formatHoldFor(seconds: number): string {
  if (Number.isInteger(seconds) && seconds >= 1 && seconds <= greatestInterval) return String(seconds);
  throw new InvalidValueError(
    `Interval of ${seconds} seconds`,
    `It is not a whole number from 1 to ${greatestInterval}`,
    "Pass whole seconds",
  );
}

/**
 * Milliseconds since 1970.
 *
 *     future-release-date-time = date-time     ; RFC 3339 §5.6, as erratum 2040 has it
 */
export function parseHoldUntil(value: string | undefined): number | undefined {
  return value === undefined ? undefined : parseDateTime(value);
}

/** HOLDUNTIL's value, in UTC. Throws `InvalidValueError` for no time within the years 0 to 9999. */
export function formatHoldUntil(epoch: number): string {
  return formatDateTime(epoch);
}

/** What a server announced behind FUTURERELEASE, or `undefined` where it makes no sense. Both values must be there. */
export function parseFutureReleaseAnnouncement(parameters: readonly string[]): FutureReleaseLimits | undefined {
  const interval = parseHoldFor(parameters[0]);
  const until = parseHoldUntil(parameters[1]);
  return interval === undefined || until === undefined ? undefined : { interval, until };
}
