// DSN (RFC 3461): what reports of delivery the sender wants. RET and ENVID at MAIL, NOTIFY and ORCPT at RCPT.

import { ATEXT, scanWhile } from "../grammar/abnf.ts";
import { InvalidValueError, shown } from "../grammar/invalid-value-error.ts";
import { isPrintableAscii, upperWord } from "../grammar/printable.ts";
import { reply } from "../grammar/reply.ts";
import { encodeUtf8, lowerAscii } from "../grammar/text.ts";
import { formatUnitext, parseUnitext } from "../grammar/unitext.ts";
import { formatXtext, parseXtext } from "../grammar/xtext.ts";
import type { Extension } from "./extension.ts";

export type NotifyCondition = "SUCCESS" | "FAILURE" | "DELAY";

export interface OriginalRecipient {
  /** In lower case: `rfc822`, `utf-8` (RFC 6533), or what else is registered. */
  readonly addressType: string;
  /** Decoded: printable ASCII, or text without control characters for `utf-8`. Not always a valid address. */
  readonly address: string;
}

/** Encoded octets that RFC 3461 (§4.4, §4.2) leaves room for. Longer ones are read, and not written. */
const envidLimit = 100;
const orcptLimit = 500;

const conditions: readonly string[] = ["SUCCESS", "FAILURE", "DELAY"] satisfies NotifyCondition[];
const unicode = "utf-8";

const malformedRet = reply(501, "5.5.4", "RET takes FULL or HDRS");
const malformedEnvid = reply(501, "5.5.4", "ENVID takes printable ASCII in xtext");
const malformedNotify = reply(501, "5.5.4", "NOTIFY takes NEVER, or SUCCESS, FAILURE and DELAY, each once");
const malformedOrcpt = reply(501, "5.5.4", "ORCPT takes an address type, a semicolon and an encoded address");

export const dsn: Extension = {
  keyword: "DSN",
  announce: () => "DSN",
  mailParameters: {
    RET(value) {
      const ret = parseRet(value);
      return ret === undefined ? { refused: malformedRet } : { typed: { ret } };
    },
    ENVID(value) {
      const envid = parseEnvid(value);
      return envid === undefined ? { refused: malformedEnvid } : { typed: { envid } };
    },
  },
  recipientParameters: {
    NOTIFY(value) {
      const notify = parseNotify(value);
      return notify === undefined ? { refused: malformedNotify } : { typed: { notify } };
    },
    ORCPT(value) {
      const originalRecipient = parseOriginalRecipient(value);
      return originalRecipient === undefined ? { refused: malformedOrcpt } : { typed: { originalRecipient } };
    },
  },
};

/**
 *     ret-value = "FULL" / "HDRS"     ; in any case
 */
export function parseRet(value: string | undefined): "FULL" | "HDRS" | undefined {
  const word = upperWord(value);
  return word === "FULL" || word === "HDRS" ? word : undefined;
}

/**
 *     envid-value = xtext     ; printable US-ASCII when decoded
 */
export function parseEnvid(value: string | undefined): string | undefined {
  return value === undefined ? undefined : parsePrintableXtext(value);
}

function parsePrintableXtext(value: string): string | undefined {
  const text = parseXtext(value);
  return text.ok && text.value !== "" && isPrintableAscii(text.value) ? text.value : undefined;
}

/** ENVID's value. Throws `InvalidValueError` for text that is empty, not printable ASCII, or over 100 octets encoded. */
export function formatEnvid(envid: string): string {
  return formatPrintableXtext("ENVID", envid, envidLimit);
}

function formatPrintableXtext(keyword: string, text: string, limit: number): string {
  const encoded = isPrintableAscii(text) ? formatXtext(text) : "";
  if (encoded !== "" && encoded.length <= limit) return encoded;
  throw new InvalidValueError(
    `${keyword} ${shown(text)}`,
    `It is empty, not printable ASCII, or over ${limit} octets when encoded`,
    "Pass short printable ASCII",
  );
}

/**
 * The conditions in the order in which they were sent; none for `NEVER`.
 *
 *     notify-value     = "NEVER" / condition *( "," condition )     ; each once
 *     notify-condition = "SUCCESS" / "FAILURE" / "DELAY"            ; in any case
 */
export function parseNotify(value: string | undefined): readonly NotifyCondition[] | undefined {
  const words = upperWord(value)?.split(",") ?? [];
  if (words.length === 1 && words[0] === "NEVER") return [];
  const isList = words.length > 0 && words.every(isCondition) && new Set(words).size === words.length;
  return isList ? words : undefined;
}

function isCondition(word: string): word is NotifyCondition {
  return conditions.includes(word);
}

/** NOTIFY's value. Throws `InvalidValueError` for what is no list, and for a condition that is unknown or given twice. */
export function formatNotify(notify: readonly NotifyCondition[]): string {
  const value = Array.isArray(notify) && notify.length > 0 ? notify.join(",") : "NEVER";
  if (Array.isArray(notify) && parseNotify(value) !== undefined) return value;
  throw new InvalidValueError(
    `notify ${shown(String(notify))}`,
    "It is no list of conditions",
    `Pass a list of ${conditions.join(", ")}, each once; an empty one for never`,
  );
}

/**
 * The value of ORCPT. Characters beyond ASCII stand for themselves only where the command was read under SMTPUTF8,
 * and in an address of type `utf-8` alone.
 *
 *     original-recipient = addr-type ";" xtext              ; RFC 3461 §4.2, printable US-ASCII when decoded
 *     original-recipient =/ "utf-8" ";" utf-8-enc-addr      ; RFC 6533 §3
 *     addr-type          = atom                             ; in any case
 */
export function parseOriginalRecipient(value: string | undefined): OriginalRecipient | undefined {
  const [type, ...rest] = value?.split(";") ?? [];
  if (type === undefined || !isAtom(type)) return undefined;
  const addressType = lowerAscii(type);
  const encoded = rest.join(";");
  const address = addressType === unicode ? parseUnicodeAddress(encoded) : parsePrintableXtext(encoded);
  return address === undefined ? undefined : { addressType, address };
}

function isAtom(text: string): boolean {
  const octets = encodeUtf8(text);
  return text !== "" && !text.includes("=") && scanWhile(octets, 0, octets.length, ATEXT) === octets.length;
}

function parseUnicodeAddress(encoded: string): string | undefined {
  const address = parseUnitext(encoded);
  return address.ok ? address.value : undefined;
}

/**
 * ORCPT's value. With `utf8`, characters beyond ASCII of a `utf-8` address stand for themselves, and the parameter
 * needs SMTPUTF8; without it they are escaped. Throws `InvalidValueError` for what cannot be sent.
 */
export function formatOriginalRecipient({ addressType, address }: OriginalRecipient, utf8 = false): string {
  const isUnicode = lowerAscii(addressType) === unicode;
  const encoded = isUnicode ? formatUnitext(address, utf8) : formatPrintableXtext("ORCPT", address, orcptLimit);
  if (isAtom(addressType) && encodeUtf8(encoded).length <= orcptLimit) {
    return `${addressType};${encoded}`;
  }
  throw new InvalidValueError(
    `ORCPT ${shown(`${addressType};${address}`)}`,
    `Its type is no atom, or its address is over ${orcptLimit} octets when encoded`,
    "Pass rfc822 and an ASCII address, or utf-8 and any address",
  );
}
