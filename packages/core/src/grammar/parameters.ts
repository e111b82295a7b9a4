// Parameters of MAIL and RCPT: `SIZE=1024 BODY=8BITMIME SMTPUTF8` (RFC 5321 §4.1.2, RFC 6531 §3.3).

import { EQUALS, HYPHEN, hasNonAscii, isIn, LET_DIG, octetAt, scanSpaces, scanWhileOrUtf8, SP, VALUE } from "./abnf.ts";
import { InvalidValueError, shown } from "./invalid-value-error.ts";
import { type Branded, failure, type Parsed, success } from "./parsed.ts";
import { decodeAscii, decodeUtf8, encodeUtf8, isWellFormed } from "./text.ts";

/** One parameter. Made by `parseParameters` and `esmtpParameter`. */
export interface EsmtpParameter extends Branded<"EsmtpParameter"> {
  /** In upper case. */
  readonly keyword: string;
  /** As it stands on the wire, still in xtext or whatever else the keyword asks for. Absent where no `=` was. */
  readonly value?: string;
}

/** In the order in which they were sent. No keyword comes twice. */
export type EsmtpParameters = readonly EsmtpParameter[];

export interface ParameterOptions {
  /** Whether characters beyond ASCII may occur in values (RFC 6531). Default: no, and such a value fails as `utf8`. */
  readonly utf8?: boolean;
}

const none = success<EsmtpParameters>(Object.freeze([]));

/**
 * The parameters from `at`, where the path before them ended, up to `end`. More than one space between two is taken,
 * as nothing can be misread for it. A keyword that comes twice is refused: which one counts would be a guess.
 *
 *     parameters   = *( 1*SP esmtp-param )
 *     esmtp-param  = esmtp-keyword ["=" esmtp-value]
 */
export function parseParameters(
  octets: Uint8Array,
  at: number,
  end: number,
  options: ParameterOptions = {},
): Parsed<EsmtpParameters> {
  if (at === end) return none;
  const parameters: EsmtpParameter[] = [];
  const keywords = new Set<string>();
  for (let index = at; index < end;) {
    if (octets[index] !== SP) return failure("A space must stand before each parameter");
    index = scanSpaces(octets, index, end);
    const next = scanParameter(octets, index, end);
    if (next < 0) return failure("A parameter is not valid");
    if (options.utf8 !== true && hasNonAscii(octets, index, next)) return failure("A parameter needs SMTPUTF8", "utf8");
    const parameter = readParameter(octets, index, next);
    if (keywords.has(parameter.keyword)) return failure("A parameter is given twice");
    keywords.add(parameter.keyword);
    parameters.push(parameter);
    index = next;
  }
  return success(parameters);
}

function scanParameter(octets: Uint8Array, at: number, end: number): number {
  const keywordEnd = scanKeyword(octets, at, end);
  if (keywordEnd < 0 || octetAt(octets, keywordEnd, end) !== EQUALS) return keywordEnd;
  const next = scanWhileOrUtf8(octets, keywordEnd + 1, end, VALUE);
  return next > keywordEnd + 1 ? next : -1;
}

/**
 *     esmtp-keyword = (ALPHA / DIGIT) *(ALPHA / DIGIT / "-")
 */
export function scanKeyword(octets: Uint8Array, at: number, end: number): number {
  if (!isIn(octetAt(octets, at, end), LET_DIG)) return -1;
  let index = at + 1;
  while (isIn(octetAt(octets, index, end), LET_DIG) || octetAt(octets, index, end) === HYPHEN) index += 1;
  return index;
}

function readParameter(octets: Uint8Array, at: number, end: number): EsmtpParameter {
  const keywordEnd = scanKeyword(octets, at, end);
  const keyword = decodeAscii(octets, at, keywordEnd).toUpperCase();
  if (keywordEnd === end) return { keyword } as EsmtpParameter;
  return { keyword, value: decodeUtf8(octets, keywordEnd + 1, end) ?? "" } as EsmtpParameter;
}

/** The parameters as they follow a path, each with a space before it; empty for none. */
export function formatParameters(parameters: EsmtpParameters): string {
  let text = "";
  for (const { keyword, value } of parameters) text += value === undefined ? ` ${keyword}` : ` ${keyword}=${value}`;
  return text;
}

/** The parameter of that keyword, which is in upper case, or `undefined`. */
export function findParameter(parameters: EsmtpParameters, keyword: string): EsmtpParameter | undefined {
  return parameters.find((parameter) => parameter.keyword === keyword);
}

/**
 * A parameter of the caller's. The value must be encoded already (see `formatXtext`): a space, `=` or a control
 * character in it throws `InvalidValueError`, and so does one beyond ASCII unless `utf8` is set.
 */
export function esmtpParameter(keyword: string, value?: string, options: ParameterOptions = {}): EsmtpParameter {
  if (value !== undefined && isPlainKeyword(keyword) && isPlainValue(value))
    return { keyword, value } as EsmtpParameter;
  const text = value === undefined ? keyword : `${keyword}=${value}`;
  const octets = encodeUtf8(text);
  const parsed =
    scanParameter(octets, 0, octets.length) === octets.length && !keyword.includes("=") && isWellFormed(text);
  if (parsed && (options.utf8 === true || !hasNonAscii(octets, 0, octets.length)))
    return readParameter(octets, 0, octets.length);
  throw new InvalidValueError(
    `Parameter ${shown(keyword)}`,
    "Its keyword or value has a character that cannot stand in a command",
    "Encode the value as the keyword's RFC says, for example with formatXtext",
  );
}

/** As nearly all are; one that is not plain may be valid all the same. Values come from code without types, too. */
function isPlainKeyword(text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    if (unit < 0x41 || unit > 0x5a) return false;
  }
  return typeof text === "string" && text !== "";
}

function isPlainValue(text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    if (!isIn(text.charCodeAt(index), VALUE)) return false;
  }
  return typeof text === "string" && text !== "";
}
