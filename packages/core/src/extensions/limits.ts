// LIMITS (RFC 9422): how much the server takes in a session and in a transaction, told before it is tried.

import { parsePlainDecimal } from "../grammar/decimal.ts";
import { InvalidValueError } from "../grammar/invalid-value-error.ts";
import { upperWord } from "../grammar/printable.ts";
import type { Extension } from "./extension.ts";

/** Each 1 to 999,999; absent: the server does not say. They may change after STARTTLS and AUTH. */
export interface SessionLimits {
  /** MAILMAX: transactions in the session. */
  readonly mailMax?: number | undefined;
  /** RCPTMAX: recipients in a transaction. */
  readonly rcptMax?: number | undefined;
  /** RCPTDOMAINMAX: different domains among the recipients of a session. */
  readonly rcptDomainMax?: number | undefined;
}

const longestValue = 6;
const names: readonly (readonly [keyof SessionLimits, string])[] = [
  ["mailMax", "MAILMAX"],
  ["rcptMax", "RCPTMAX"],
  ["rcptDomainMax", "RCPTDOMAINMAX"],
];

/** Announces the limits; nothing where there are none. Throws `InvalidValueError` for one out of range. */
export function limits(values: SessionLimits): Extension {
  const text = formatLimits(values);
  return { keyword: "LIMITS", announce: () => (text === "" ? undefined : `LIMITS ${text}`) };
}

/** The limit where it can be announced. */
export function limitOf(value: number): number | undefined {
  return isLimit(value) ? value : undefined;
}

/**
 * What a server announced behind LIMITS. What is unknown or makes no sense is passed over, as the RFC asks; of one that
 * comes twice the lower counts.
 *
 *     limit-name-value = limit-name ["=" limit-value]     ; names in any case
 *     limit-value      = %x31-39 0*5DIGIT                 ; for the three known here
 */
export function parseLimits(parameters: readonly string[]): SessionLimits {
  const found: { -readonly [Name in keyof SessionLimits]: number } = {};
  for (const parameter of parameters) {
    const [name = "", text = "", ...more] = parameter.split("=");
    const [field] = names.find(([, keyword]) => keyword === upperWord(name)) ?? [];
    const value = parsePlainDecimal(text, longestValue);
    if (field === undefined || value === undefined || value === 0 || more.length > 0) continue;
    found[field] = Math.min(value, found[field] ?? value);
  }
  return found;
}

/** The parameters of LIMITS, empty for no limit. Throws `InvalidValueError` for one out of range. */
export function formatLimits(values: SessionLimits): string {
  const words: string[] = [];
  for (const [field, keyword] of names) {
    const value = values[field];
    if (value !== undefined) words.push(`${keyword}=${checked(value, keyword)}`);
  }
  return words.join(" ");
}

function checked(value: number, keyword: string): number {
  if (isLimit(value)) return value;
  throw new InvalidValueError(`${keyword} of ${value}`, "It is not a whole number from 1 to 999999", "Pass one");
}

function isLimit(value: number): boolean {
  return Number.isInteger(value) && value >= 1 && value <= 999_999;
}
