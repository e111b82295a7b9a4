// MT-PRIORITY (RFC 6710): how urgently a message is to be passed on, from -9 to 9.

import { HYPHEN, isIn, LET_DIG, UNDERSCORE } from "../grammar/abnf.ts";
import { parsePlainDecimal } from "../grammar/decimal.ts";
import { InvalidValueError, shown } from "../grammar/invalid-value-error.ts";
import { reply } from "../grammar/reply.ts";
import type { Extension } from "./extension.ts";

export interface PriorityPolicy {
  /** The registered name of what the server makes of priorities, for example `MIXER`, `STANAG4406` or `NSEP`. */
  readonly profile?: string;
}

const longestProfile = 20;
const highest = 9;

const malformed = reply(501, "5.5.4", "MT-PRIORITY takes -9 to 9");

/** Announces the profile, where there is one. Throws `InvalidValueError` for what is no name. */
export function mtPriority({ profile }: PriorityPolicy = {}): Extension {
  if (profile !== undefined && !isProfile(profile)) {
    throw new InvalidValueError(`Priority profile ${shown(profile)}`, "It is no name", "Pass a name such as MIXER");
  }
  return {
    keyword: "MT-PRIORITY",
    announce: () => (profile === undefined ? "MT-PRIORITY" : `MT-PRIORITY ${profile}`),
    mailParameters: {
      "MT-PRIORITY"(value) {
        const priority = parsePriority(value);
        return priority === undefined ? { refused: malformed } : { typed: { priority } };
      },
    },
  };
}

/**
 *     priority-value = ["-"] %x31-39 / "0"
 */
export function parsePriority(value: string | undefined): number | undefined {
  const isNegative = value?.startsWith("-") === true;
  const digit = parsePlainDecimal((isNegative ? value?.slice(1) : value) ?? "", 1);
  if (digit === undefined || (isNegative && digit === 0)) return undefined;
  return isNegative ? -digit : digit;
}

/** MT-PRIORITY's value. Throws `InvalidValueError` unless it is a whole number from -9 to 9. */
export function formatPriority(priority: number): string {
  if (Number.isInteger(priority) && Math.abs(priority) <= highest) return String(priority);
  throw new InvalidValueError(`Priority ${priority}`, "It is not a whole number from -9 to 9", "Pass one");
}

/** What a server announced behind MT-PRIORITY; a profile that is no name is left out. */
export function parsePriorityAnnouncement(parameters: readonly string[]): PriorityPolicy {
  const [profile] = parameters;
  return profile !== undefined && isProfile(profile) ? { profile: profile.toUpperCase() } : {};
}

/**
 *     profile = 1*20( ALPHA / DIGIT / "-" / "_" )
 */
function isProfile(text: string): boolean {
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (!isIn(unit, LET_DIG) && unit !== HYPHEN && unit !== UNDERSCORE) return false;
  }
  return text.length > 0 && text.length <= longestProfile;
}
