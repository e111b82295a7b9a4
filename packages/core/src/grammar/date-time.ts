// Timestamps of RFC 3339 §5.6, such as `2026-11-22T08:30:00Z`, to milliseconds since 1970 and back. No clock is read.

import { DIGIT, isIn } from "./abnf.ts";
import { InvalidValueError } from "./invalid-value-error.ts";

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
const earliest = epochOf(0, 1, 1);
const latest = epochOf(10_000, 1, 1) - 1;
const monthLengths = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
/** Octets from the year to the seconds. */
const secondsEnd = "2026-11-22T08:30:00".length;

/**
 * Milliseconds since 1970-01-01T00:00:00Z, a finer fraction cut off; `undefined` for anything else. A leap second is
 * taken where one can be, and is the second after it.
 *
 *     date-time    = full-date "T" full-time
 *     full-time    = partial-time time-offset
 *     partial-time = time-hour ":" time-minute ":" time-second [ "." 1*DIGIT ]
 *     time-offset  = "Z" / ( ( "+" / "-" ) time-hour ":" time-minute )
 */
export function parseDateTime(text: string): number | undefined {
  const date = parseDate(text);
  const time = parseTime(text, 11);
  const seconds = digitsAt(text, 17, 2);
  const fractionEnd = scanFraction(text);
  const offset = parseOffset(text, fractionEnd);
  const hasPunctuation = text[10]?.toUpperCase() === "T" && text[16] === ":";
  if (date === undefined || time === undefined || offset === undefined || !hasPunctuation) return undefined;
  const whole = date + time + seconds * 1_000 - offset;
  const isLeapSecond = seconds === 60 && whole % day === 0;
  if (seconds < 0 || (seconds > 59 && !isLeapSecond)) return undefined;
  return isLeapSecond ? whole : whole + milliseconds(text, fractionEnd);
}

/**
 *     full-date = 4DIGIT "-" 2DIGIT "-" 2DIGIT
 */
function parseDate(text: string): number | undefined {
  const year = digitsAt(text, 0, 4);
  const month = digitsAt(text, 5, 2);
  const dayOfMonth = digitsAt(text, 8, 2);
  const isDate = year >= 0 && month >= 1 && month <= 12 && dayOfMonth >= 1 && dayOfMonth <= daysIn(year, month);
  return isDate && text[4] === "-" && text[7] === "-" ? epochOf(year, month, dayOfMonth) : undefined;
}

/** Milliseconds of hours and minutes, `hh:mm`, at an index. */
function parseTime(text: string, at: number): number | undefined {
  const hours = digitsAt(text, at, 2);
  const minutes = digitsAt(text, at + 3, 2);
  const isTime = hours >= 0 && hours <= 23 && minutes >= 0 && minutes <= 59 && text[at + 2] === ":";
  return isTime ? hours * hour + minutes * minute : undefined;
}

/** Index after the fraction of a second, the end of the seconds where there is none, or -1. */
function scanFraction(text: string): number {
  if (text[secondsEnd] !== ".") return secondsEnd;
  let at = secondsEnd + 1;
  while (isIn(text.charCodeAt(at), DIGIT)) at += 1;
  return at === secondsEnd + 1 ? -1 : at;
}

function milliseconds(text: string, fractionEnd: number): number {
  return Number(
    text
      .slice(secondsEnd + 1, fractionEnd)
      .slice(0, 3)
      .padEnd(3, "0"),
  );
}

/** Milliseconds that the offset, which must end the text, is ahead of UTC. */
function parseOffset(text: string, at: number): number | undefined {
  if (at < 0) return undefined;
  const sign = text[at];
  if (sign?.toUpperCase() === "Z") return text.length === at + 1 ? 0 : undefined;
  const offset = text.length === at + 6 ? parseTime(text, at + 1) : undefined;
  if (offset === undefined || (sign !== "+" && sign !== "-")) return undefined;
  return sign === "+" ? offset : -offset;
}

/** The number that so many digits make, or -1 where they are not digits. */
function digitsAt(text: string, at: number, count: number): number {
  for (let index = at; index < at + count; index++) {
    if (!isIn(text.charCodeAt(index), DIGIT)) return -1;
  }
  return Number(text.slice(at, at + count));
}

function daysIn(year: number, month: number): number {
  return month === 2 && isLeapYear(year) ? 29 : (monthLengths[month - 1] ?? 0);
}

function isLeapYear(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
}

/** Years are counted from March, so that the leap day is the last of its year. */
function epochOf(year: number, month: number, dayOfMonth: number): number {
  const marchYear = month > 2 ? year : year - 1;
  const daysBeforeMonth = Math.floor((153 * ((month + 9) % 12) + 2) / 5);
  const leapDays = Math.floor(marchYear / 4) - Math.floor(marchYear / 100) + Math.floor(marchYear / 400);
  return (marchYear * 365 + leapDays + daysBeforeMonth + dayOfMonth - 1 - 719_468) * day;
}

/**
 * The timestamp in UTC, with three digits of a second where they are not zero. Throws `InvalidValueError` for what is
 * not a whole number of milliseconds within the years 0 to 9999.
 */
export function formatDateTime(epoch: number): string {
  if (!Number.isSafeInteger(epoch) || epoch < earliest || epoch > latest) {
    throw new InvalidValueError(
      `Timestamp ${epoch}`,
      "It is not a whole number of milliseconds within the years 0 to 9999",
      "Pass milliseconds since 1970, as Date.now() gives them",
    );
  }
  const inDay = ((epoch % day) + day) % day;
  const date = formatDate((epoch - inDay) / day);
  const time = [inDay / hour, (inDay % hour) / minute, (inDay % minute) / 1_000].map((part) => padded(part, 2));
  const fraction = inDay % 1_000 === 0 ? "" : `.${padded(inDay % 1_000, 3)}`;
  return `${date}T${time.join(":")}${fraction}Z`;
}

function formatDate(daysSince1970: number): string {
  const days = daysSince1970 + 719_468;
  const cycle = Math.floor(days / 146_097);
  const inCycle = days - cycle * 146_097;
  const yearOfCycle = Math.floor(
    (inCycle - Math.floor(inCycle / 1_460) + Math.floor(inCycle / 36_524) - Math.floor(inCycle / 146_096)) / 365,
  );
  const inYear = inCycle - (365 * yearOfCycle + Math.floor(yearOfCycle / 4) - Math.floor(yearOfCycle / 100));
  const fromMarch = Math.floor((5 * inYear + 2) / 153);
  const dayOfMonth = inYear - Math.floor((153 * fromMarch + 2) / 5) + 1;
  const month = fromMarch < 10 ? fromMarch + 3 : fromMarch - 9;
  const year = cycle * 400 + yearOfCycle + (month <= 2 ? 1 : 0);
  return `${padded(year, 4)}-${padded(month, 2)}-${padded(dayOfMonth, 2)}`;
}

function padded(number: number, width: number): string {
  return String(Math.floor(number)).padStart(width, "0");
}
