// RRVS (RFC 7293): deliver only if the recipient's mailbox has been the same person's since a given time.

import { formatDateTime, parseDateTime } from "../grammar/date-time.ts";
import { upperWord } from "../grammar/printable.ts";
import { reply } from "../grammar/reply.ts";
import { mustBeOneOf } from "../grammar/option-values.ts";
import type { Extension } from "./extension.ts";

export interface ValidSince {
  /** In milliseconds since 1970. */
  readonly since: number;
  /** What to do where the next server does not know RRVS: `C` or `R`. Where the sender did not say: to reject it. */
  readonly otherwise?: "continue" | "reject";
}

const malformed = reply(
  501,
  "5.5.4",
  "RRVS takes a date and time such as 2014-04-03T23:01:00Z, and ;C or ;R or nothing",
);

export const rrvs: Extension = {
  keyword: "RRVS",
  announce: () => "RRVS",
  recipientParameters: {
    RRVS(value) {
      const validSince = parseValidSince(value);
      return validSince === undefined ? { refused: malformed } : { typed: { validSince } };
    },
  },
};

/**
 *     rrvs-value = date-time [ ";" ( "C" / "R" ) ]     ; RFC 3339 §5.6; the letter in any case
 */
export function parseValidSince(value: string | undefined): ValidSince | undefined {
  const [time = "", letter, ...more] = value?.split(";") ?? [];
  const since = parseDateTime(time);
  if (since === undefined || more.length > 0) return undefined;
  if (letter === undefined) return { since };
  const action = upperWord(letter);
  if (action === "C") return { since, otherwise: "continue" };
  return action === "R" ? { since, otherwise: "reject" } : undefined;
}

/** RRVS's value, in UTC. Throws `InvalidValueError` for no time within the years 0 to 9999, and for an `otherwise` that is none. */
export function formatValidSince({ since, otherwise }: ValidSince): string {
  const time = formatDateTime(since);
  if (otherwise === undefined) return time;
  const action = mustBeOneOf("validSince.otherwise", otherwise, ["continue", "reject"]);
  return `${time};${action === "continue" ? "C" : "R"}`;
}
