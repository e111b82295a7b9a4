// `NAME=value` lists, which XCLIENT and XFORWARD share (Postfix's XCLIENT_README and XFORWARD_README).

import { EQUALS, octetAt, scanSpaces, scanWhile, SP, VALUE } from "../grammar/abnf.ts";
import { parsePlainDecimal } from "../grammar/decimal.ts";
import { InvalidValueError, shown } from "../grammar/invalid-value-error.ts";
import { canonicalIpAddress } from "../grammar/ip-address.ts";
import { scanKeyword } from "../grammar/parameters.ts";
import { failure, type Parsed, success } from "../grammar/parsed.ts";
import { isPrintableAscii, upperWord } from "../grammar/printable.ts";
import { decodeAscii } from "../grammar/text.ts";
import { formatXtext, parseXtext } from "../grammar/xtext.ts";

/** The sender does not know: `[UNAVAILABLE]`, or `[TEMPUNAVAIL]` where a later look-up might tell. */
export interface Unavailable {
  readonly unavailable: "permanently" | "temporarily";
}

/** Reads and writes one attribute's value; both give `undefined` for what is none. */
export interface AttributeKind<Value> {
  parse(text: string): Value | undefined;
  format(value: Value): string | undefined;
}

/** The kinds of a command's attributes, by the names of their fields, and their names on the wire. */
export type AttributeKinds<Attributes> = {
  readonly [Name in keyof Attributes]-?: {
    readonly keyword: string;
    readonly kind: AttributeKind<NonNullable<Attributes[Name]>>;
  };
};

const longestValue = 255;
const malformed = failure("Attributes are NAME=value with a space between them, values in xtext");

/**
 * The attributes from `at` up to `end`. One that is unknown, comes twice or has a value that it cannot have is refused.
 *
 *     attributes = attribute *( 1*SP attribute )
 *     attribute  = esmtp-keyword "=" xtext     ; names in any case, values up to 255 characters when decoded
 */
export function parseAttributes<Attributes extends object>(
  octets: Uint8Array,
  at: number,
  end: number,
  kinds: AttributeKinds<Attributes>,
): Parsed<Partial<Attributes>> {
  if (at === end) return malformed;
  const attributes: Partial<Attributes> = {};
  for (let index = at; index < end;) {
    const keywordEnd = scanKeyword(octets, index, end);
    if (keywordEnd < 0 || octetAt(octets, keywordEnd, end) !== EQUALS) return malformed;
    const next = scanWhile(octets, keywordEnd + 1, end, VALUE);
    const name = fieldNamed(decodeAscii(octets, index, keywordEnd), kinds);
    if (name === undefined) return failure("An attribute is not known here");
    if (attributes[name] !== undefined) return failure("An attribute is given twice");
    attributes[name] = parseValue(decodeAscii(octets, keywordEnd + 1, next), kinds[name].kind);
    if (attributes[name] === undefined) return failure("An attribute has a value that is not valid");
    if (next < end && octetAt(octets, next, end) !== SP) return malformed;
    index = scanSpaces(octets, next, end);
    if (index === end && next < end) return malformed;
  }
  return success(attributes);
}

function fieldNamed<Attributes extends object>(
  text: string,
  kinds: AttributeKinds<Attributes>,
): keyof Attributes | undefined {
  const keyword = upperWord(text);
  return fieldsOf(kinds).find((name) => kinds[name].keyword === keyword);
}

function fieldsOf<Attributes extends object>(kinds: AttributeKinds<Attributes>): (keyof Attributes)[] {
  return Object.keys(kinds) as (keyof Attributes)[];
}

function parseValue<Value>(encoded: string, kind: AttributeKind<Value>): Value | undefined {
  const text = parseXtext(encoded);
  return text.ok && text.value.length <= longestValue ? kind.parse(text.value) : undefined;
}

/**
 * The attributes that are there, in the order of their kinds. Throws `InvalidValueError` for none, and for a value that
 * cannot be sent.
 */
export function formatAttributes<Attributes extends object>(
  attributes: Partial<Attributes>,
  kinds: AttributeKinds<Attributes>,
): string {
  const words = fieldsOf(kinds).flatMap((name) => {
    const value = attributes[name];
    if (value === undefined || value === null) return [];
    return [`${kinds[name].keyword}=${formatValue(kinds[name], value)}`];
  });
  if (words.length > 0) return words.join(" ");
  throw new InvalidValueError("Attributes", "There are none", "Pass one at least");
}

function formatValue<Value>({ keyword, kind }: { keyword: string; kind: AttributeKind<Value> }, value: Value): string {
  const text = kind.format(value);
  if (text !== undefined && text.length <= longestValue) return formatXtext(text);
  throw new InvalidValueError(`${keyword} ${shown(JSON.stringify(value))}`, "It cannot be sent", "Pass a valid value");
}

const unavailable = "[UNAVAILABLE]";
const temporarilyUnavailable = "[TEMPUNAVAIL]";

/** The kind that may be unavailable besides; only look-ups of names fail for a time. */
export function orUnavailable<Value extends string | number>(
  kind: AttributeKind<Value>,
  options: { readonly temporarily: boolean } = { temporarily: false },
): AttributeKind<Value | Unavailable> {
  return {
    parse(text) {
      const word = upperWord(text);
      if (word === unavailable) return { unavailable: "permanently" };
      if (word !== temporarilyUnavailable) return kind.parse(text);
      return options.temporarily ? { unavailable: "temporarily" } : undefined;
    },
    format(value) {
      if (typeof value !== "object") return kind.format(value);
      if (value.unavailable === "permanently") return unavailable;
      return options.temporarily ? temporarilyUnavailable : undefined;
    },
  };
}

/** Text that is well in a header field: printable ASCII without white space and without what is special there. */
export const plainText: AttributeKind<string> = textOf(
  (text) => isPrintableAscii(text) && !Array.from(' "(),;<>\\').some((character) => text.includes(character)),
);

/** Text that passes a test, never empty and never one of the words for what is unavailable. */
export function textOf(isValid: (text: string) => boolean): AttributeKind<string> {
  const checked = (text: string) => {
    const word = upperWord(text);
    return text !== "" && word !== unavailable && word !== temporarilyUnavailable && isValid(text) ? text : undefined;
  };
  return { parse: checked, format: checked };
}

/** One of some words, in any case; in upper case when read. */
export function wordOf<Word extends string>(...words: readonly Word[]): AttributeKind<Word> {
  return { parse: (text) => words.find((word) => word === upperWord(text)), format: (word) => word };
}

/** 0 to 65535. */
export const portNumber: AttributeKind<number> = {
  parse: (text) => {
    const port = parsePlainDecimal(text, 5);
    return port !== undefined && port <= 0xffff ? port : undefined;
  },
  format: (port) => (Number.isInteger(port) && port >= 0 && port <= 0xffff ? String(port) : undefined),
};

const ipv6Tag = "IPV6:";

/** An IP address in its one spelling; IPv6 has a tag on the wire. */
export const ipAddress: AttributeKind<string> = {
  parse(text) {
    const isTagged = upperWord(text)?.startsWith(ipv6Tag) === true;
    const address = canonicalIpAddress(isTagged ? text.slice(ipv6Tag.length) : text);
    return address?.includes(":") === isTagged ? address : undefined;
  },
  format(address) {
    const canonical = canonicalIpAddress(address);
    return canonical?.includes(":") === true ? `${ipv6Tag}${canonical}` : canonical;
  },
};
