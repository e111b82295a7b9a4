// Extensions of an application's own: a made-up keyword, parameters and verbs, for servers and clients alike.

import { isIn, PRINTABLE, SP } from "../grammar/abnf.ts";
import { InvalidValueError, shown } from "../grammar/invalid-value-error.ts";
import { esmtpParameter, findParameter, scanKeyword, type EsmtpParameter } from "../grammar/parameters.ts";
import { upperWord } from "../grammar/printable.ts";
import { reply } from "../grammar/reply.ts";
import { encodeUtf8 } from "../grammar/text.ts";
import type { Extension, ExtensionVerb, Offer, ParameterReader } from "./extension.ts";
import { refuseUnsoundVerb } from "./soundness.ts";
import { takenKeywords, takenParameters, takenVerbs } from "./taken-names.ts";

export interface ParameterDefinition<Value> {
  /** Letters, digits and hyphens, in any case. */
  readonly keyword: string;
  /**
   * What a value means, as it stands on the wire (see `parseXtext`), or no value at all; `undefined` where it means
   * nothing: that is refused with 501. Must not throw: that is answered 451, and told as an error.
   */
  parse(value: string | undefined): Value | undefined;
  /** The value for the wire (see `formatXtext`), or `undefined` for none. */
  format(value: Value): string | undefined;
}

/** A parameter of MAIL or RCPT that an application has made up. */
export interface Parameter<Value> {
  /** In upper case. */
  readonly keyword: string;
  /** Its value among the parameters of an envelope or of a recipient; `undefined` where it was not sent. */
  of(parameters: { readonly raw: readonly EsmtpParameter[] }): Value | undefined;
  /** The parameter as a client sends it. Throws `InvalidValueError` for a value that would not be read back. */
  with(value: Value): EsmtpParameter;
  /** What `parse` makes of it. */
  parse(value: string | undefined): Value | undefined;
}

export interface ExtensionDefinition {
  /** The EHLO keyword: letters, digits and hyphens, in any case. */
  readonly keyword: string;
  /** What stands behind the keyword in EHLO's reply. */
  readonly keywordParameters?: readonly string[];
  /** Parameters of MAIL. */
  readonly mail?: readonly Parameter<unknown>[];
  /** Parameters of RCPT. */
  readonly recipient?: readonly Parameter<unknown>[];
  /** Commands by their verb: letters, digits and hyphens, up to 20. A client sends those alone that may come `betweenTransactions`. */
  readonly verbs?: Readonly<Record<string, ExtensionVerb>>;
  /** Whether it can be had now, for example under TLS alone; where not, it is neither announced nor known. Default: always. */
  available?(offer: Offer): boolean;
}

/** Defines a parameter, for `defineExtension`. Throws `InvalidValueError` for a keyword that is none, or is taken. */
export function parameter<Value>(definition: ParameterDefinition<Value>): Parameter<Value> {
  const keyword = nameOf("Parameter", definition.keyword, takenParameters);
  return {
    keyword,
    of({ raw }) {
      const found = findParameter(raw, keyword);
      return found === undefined ? undefined : definition.parse(found.value);
    },
    with(value) {
      const made = esmtpParameter(keyword, definition.format(value));
      if (definition.parse(made.value) !== undefined) return made;
      throw new InvalidValueError(`Parameter ${keyword}`, "Its parse refuses what its format made", "Mend one of them");
    },
    parse: (value) => definition.parse(value),
  };
}

/**
 * Defines an extension, for the `extensions` of a server, of a client, or of both. Throws `InvalidValueError` for names
 * that are malformed, that come twice, or that the standard extensions have taken, and for verbs without `phases` or `read`.
 */
export function defineExtension(definition: ExtensionDefinition): Extension {
  const { keywordParameters = [], mail = [], recipient = [], verbs = {} } = definition;
  const keyword = nameOf("Keyword", definition.keyword, takenKeywords);
  const available = (offer: Offer) => isAvailable(definition.available?.(offer) ?? true);
  const announcement = [keyword, ...keywordParameters.map(checkedKeywordParameter)].join(" ");
  return {
    keyword,
    announce: (offer) => (available(offer) ? announcement : undefined),
    mailParameters: recordOf(
      "Parameter",
      mail.map((each) => [each.keyword, readerOf(each, available)]),
    ),
    recipientParameters: recordOf(
      "Parameter",
      recipient.map((each) => [each.keyword, readerOf(each, available)]),
    ),
    verbs: recordOf(
      "Verb",
      Object.entries(verbs).map(([verb, each]) => [verbName(verb), verbOf(verb, each, available)]),
    ),
  };
}

const unknown = reply(555, "5.5.4", "Parameter not recognised");
const unrecognised = reply(500, "5.5.1", "Command not recognised");

function readerOf(
  defined: Parameter<unknown>,
  available: (offer: Offer) => boolean,
): ParameterReader<{ readonly raw: readonly EsmtpParameter[] }> {
  const malformed = reply(501, "5.5.4", `${defined.keyword} has a value that is not valid`);
  return (value, offer) => {
    if (!available(offer)) return { refused: unknown };
    return defined.parse(value) === undefined ? { refused: malformed } : { typed: {} };
  };
}

/** Throws for what is neither yes nor no, a promise for example. */
function isAvailable(answer: boolean): boolean {
  if (typeof answer === "boolean") return answer;
  throw new TypeError("available gives neither true nor false");
}

function verbOf(name: string, verb: ExtensionVerb, available: (offer: Offer) => boolean): ExtensionVerb {
  refuseUnsoundVerb(name, verb);
  return {
    ...verb,
    read: (argument, offer) => (available(offer) ? verb.read(argument, offer) : { refused: unrecognised }),
  };
}

function recordOf<Value>(
  kind: string,
  entries: readonly (readonly [string, Value])[],
): Readonly<Record<string, Value>> {
  const names = entries.map(([name]) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new InvalidValueError(`${kind} ${twice}`, "It is defined twice", "Leave one out");
  return Object.fromEntries(entries);
}

const longestVerb = 20;

function verbName(verb: string): string {
  const name = nameOf("Verb", verb, takenVerbs);
  if (name.length <= longestVerb) return name;
  throw new InvalidValueError(`Verb ${name}`, `It has more than ${longestVerb} letters`, "Pass a shorter one");
}

/**
 *     name = ( ALPHA / DIGIT ) *( ALPHA / DIGIT / "-" )
 */
function nameOf(kind: string, text: string, taken: ReadonlySet<string>): string {
  const octets = encodeUtf8(text);
  const name = upperWord(text);
  if (name === undefined || scanKeyword(octets, 0, octets.length) !== octets.length) {
    throw new InvalidValueError(`${kind} ${shown(text)}`, "It is no name", "Pass letters, digits and hyphens");
  }
  if (taken.has(name)) throw new InvalidValueError(`${kind} ${name}`, "It has a meaning already", "Pass another name");
  return name;
}

/**
 *     ehlo-param = 1*( %d33-126 )     ; RFC 5321 §4.1.1.1
 */
function checkedKeywordParameter(text: string): string {
  const isWord = text !== "" && encodeUtf8(text).every((octet) => isIn(octet, PRINTABLE) && octet !== SP);
  if (isWord) return text;
  throw new InvalidValueError(`Keyword parameter ${shown(text)}`, "It is no word of printable ASCII", "Pass one");
}
