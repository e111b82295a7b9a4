// DELIVERBY (RFC 2852): until when a message is to be delivered, and what is to be done if it cannot be.

import { parseDecimal } from "../grammar/decimal.ts";
import { InvalidValueError } from "../grammar/invalid-value-error.ts";
import { upperWord } from "../grammar/printable.ts";
import { reply } from "../grammar/reply.ts";
import { mustBeOneOf } from "../grammar/option-values.ts";
import type { Extension } from "./extension.ts";

export interface DeliverBy {
  /** Seconds from when MAIL was received, -999,999,999 to 999,999,999; over 0 where the mode is `return`. */
  readonly seconds: number;
  /** Beyond the time: give up and return the message, or tell the sender and go on trying. */
  readonly mode: "return" | "notify";
  /** Whether the sender wants to hear of each relay on the way. */
  readonly trace: boolean;
}

export interface DeliverByLimits {
  /** Seconds that the server needs at least for a delivery with the mode `return`; absent: it does not say. */
  readonly minimum?: number;
}

const longestTime = 9;
const greatestTime = 999_999_999;

const malformed = reply(
  501,
  "5.5.4",
  "BY takes seconds, a semicolon, N or R, and T or nothing; for R more than 0 seconds",
);
const tooSoon = reply(555, "5.5.4", "BY is less than the time this server needs for a delivery");

/** Announces the least time for the mode `return`, and refuses less. Throws `InvalidValueError` for none such. */
export function deliverBy(limits: DeliverByLimits = {}): Extension {
  const { minimum = 0 } = limits;
  checkTime(minimum, 0);
  return {
    keyword: "DELIVERBY",
    announce: () => (limits.minimum === undefined ? "DELIVERBY" : `DELIVERBY ${minimum}`),
    mailParameters: {
      BY(value) {
        const typed = parseDeliverBy(value);
        if (typed === undefined) return { refused: malformed };
        return typed.mode === "return" && typed.seconds < minimum
          ? { refused: tooSoon }
          : { typed: { deliverBy: typed } };
      },
    },
  };
}

/**
 *     by-value = by-time ";" by-mode [by-trace]
 *     by-time  = ["-" / "+"] 1*9DIGIT     ; over 0 for R
 *     by-mode  = "N" / "R"                ; in any case
 *     by-trace = "T"
 */
export function parseDeliverBy(value: string | undefined): DeliverBy | undefined {
  const [time = "", action = "", ...more] = upperWord(value)?.split(";") ?? [];
  const sign = time.startsWith("-") ? -1 : 1;
  const digits = time.startsWith("-") || time.startsWith("+") ? time.slice(1) : time;
  const amount = parseDecimal(digits, longestTime);
  const trace = action.endsWith("T");
  const mode = action === "R" || action === "RT" ? "return" : action === "N" || action === "NT" ? "notify" : undefined;
  if (amount === undefined || mode === undefined || more.length > 0) return undefined;
  const seconds = amount === 0 ? 0 : sign * amount;
  return mode === "return" && seconds <= 0 ? undefined : { seconds, mode, trace };
}

/** BY's value. Throws `InvalidValueError` for a time out of range, and for a mode that is none. */
export function formatDeliverBy({ seconds, mode, trace }: DeliverBy): string {
  mustBeOneOf("deliverBy.mode", mode, ["return", "notify"]);
  checkTime(seconds, mode === "return" ? 1 : -greatestTime);
  return `${seconds};${mode === "return" ? "R" : "N"}${trace ? "T" : ""}`;
}

function checkTime(seconds: number, least: number): void {
  if (Number.isInteger(seconds) && seconds >= least && seconds <= greatestTime) return;
  throw new InvalidValueError(
    `Delivery time of ${seconds} seconds`,
    `It is not a whole number from ${least} to ${greatestTime}`,
    "Pass whole seconds",
  );
}

/**
 * What a server announced behind DELIVERBY, or `undefined` where it makes no sense.
 *
 *     deliverby-param = min-by-time *( "," extension-token )
 *     min-by-time     = [1*9DIGIT]
 */
export function parseDeliverByAnnouncement(parameters: readonly string[]): DeliverByLimits | undefined {
  const [time = ""] = parameters[0]?.split(",") ?? [];
  if (time === "") return {};
  const minimum = parseDecimal(time, longestTime);
  return minimum === undefined ? undefined : { minimum };
}
