// Replies of RFC 5321 §4.2 with the enhanced codes of RFC 2034: a server's values to octets, a client's lines
// to values.

import { CONTROL, DIGIT, DOT, HTAB, HYPHEN, isIn, octetAt, SP, ZERO } from "./abnf.ts";
import { InvalidValueError, shown } from "./invalid-value-error.ts";
import { type Branded, failure, type Parsed, success } from "./parsed.ts";
import { decodeLenient, decodeUtf8, encodeForWriting, encodeUtf8, isAsciiText, isWellFormed } from "./text.ts";

/** Class, subject and detail of RFC 3463. The class is the first digit of the reply's code. */
export type EnhancedCode = `${2 | 4 | 5}.${number}.${number}`;

/** One reply. Made by `reply` and by the reply reader; its texts have no control characters but tabs. */
export interface Reply extends Branded<"Reply"> {
  /** Three digits. A client tells replies apart by the first alone: see RFC 5321 §4.2.1. */
  readonly code: number;
  readonly enhanced?: EnhancedCode;
  /** The text of each line, without code and enhanced code. */
  readonly lines: readonly [string, ...string[]];
}

/** Octets in a reply line with its code and CRLF (RFC 5321 §4.5.3.1.5). */
const replyLineLimit = 512;
/**
 * Octets of text that fit in it whatever the enhanced code: code and separator, enhanced code and space, CRLF taken
 * off.
 */
const textLimit = replyLineLimit - "250-".length - "5.999.999 ".length - "\r\n".length;
/** The same for 3yz: the challenge of a 334 is one line by its nature (RFC 4954 §4), and cannot be folded. */
const challengeLimit = 12_288 - "334 ".length - "\r\n".length;

/**
 * A reply of a server: `reply(550, "5.7.1", "Relaying denied")`, each text a line. Text too long for its line is
 * folded at spaces into several. Without `enhanced`, an enhanced code of the right class that begins a text is taken
 * for it, as every client would. Throws `InvalidValueError` for a code that RFC 5321 does not know, an enhanced code
 * of another class, and text with control characters, line ends above all.
 */
export function reply(code: number, enhanced?: string, ...text: readonly string[]): Reply {
  checkCode(code, enhanced);
  for (const line of text) checkText(code, line);
  const fits = (code < 400 && code >= 300) || text.every(isShort);
  const lines = fits ? text : text.flatMap(foldedText);
  return enhanced === undefined ? assembleReply(code, lines) : replyOf(code, lines, enhanced as EnhancedCode);
}

/** A reply without an enhanced code, and lines behind it that are known to fit, since `reply` has taken each by itself. */
export function continued({ code, lines }: Reply, more: readonly string[]): Reply {
  return { code, lines: [...lines, ...more] } as unknown as Reply;
}

/**
 *     Reply-code = %x32-35 %x30-35 %x30-39
 */
function checkCode(code: number, enhanced: string | undefined): void {
  const isCode = Number.isInteger(code) && code >= 200 && code <= 599 && code % 100 < 60;
  if (!isCode) {
    throw new InvalidValueError(
      `Reply code ${code}`,
      "It is none of RFC 5321",
      "Pass 200 to 559, with a second digit of 0 to 5",
    );
  }
  if (enhanced === undefined || scanEnhancedCode(code, enhanced) === enhanced.length) return;
  const wayOut = "Pass class.subject.detail with the reply code's first digit as class, or undefined for none";
  throw new InvalidValueError(`Enhanced code ${shown(enhanced)}`, `It does not go with ${code}`, wayOut);
}

function checkText(code: number, text: string): void {
  if (isPlain(text) && isShort(text)) return;
  if (visibleText(text) !== text || !isWellFormed(text)) {
    throw new InvalidValueError(
      `Reply text ${shown(text)}`,
      "It has a control character",
      "Pass each line as an argument of its own",
    );
  }
  if (code >= 300 && code < 400 && text.length > challengeLimit) {
    throw new InvalidValueError(
      `Reply text ${shown(text)}`,
      `A ${code} takes one line`,
      `Pass at most ${challengeLimit} characters`,
    );
  }
}

/** Whether it fits in its line, whatever its characters. */
function isShort(text: string): boolean {
  return text.length * 3 <= textLimit;
}

function foldedText(text: string): string[] {
  if (isShort(text)) return [text];
  const octets = encodeUtf8(text);
  const lines: string[] = [];
  let at = 0;
  while (octets.length - at > textLimit) {
    const cut = foldAt(octets, at);
    lines.push(decodeUtf8(octets, at, cut) ?? "");
    at = octets[cut] === SP ? cut + 1 : cut;
  }
  lines.push(decodeUtf8(octets, at) ?? "");
  return lines;
}

/** Index of the last space that ends a line that fits, or else of the last character that does not. */
function foldAt(octets: Uint8Array, at: number): number {
  for (let index = at + textLimit; index > at; index--) {
    if (octets[index] === SP) return index;
  }
  let index = at + textLimit;
  while (((octets[index] ?? 0) & 0xc0) === 0x80) index -= 1;
  return index;
}

/**
 * A reply of these lines: an enhanced code of the code's class is taken from the first text that begins with one, and
 * off every text that begins with the same.
 */
export function assembleReply(code: number, texts: readonly string[]): Reply {
  for (const text of texts) {
    const length = scanEnhancedCode(code, text);
    if (length < 0) continue;
    const enhanced = text.slice(0, length);
    return replyOf(
      code,
      texts.map((line) => withoutEnhancedCode(line, enhanced)),
      enhanced as EnhancedCode,
    );
  }
  return replyOf(code, texts);
}

function withoutEnhancedCode(text: string, enhanced: string): string {
  return text === enhanced ? "" : text.startsWith(`${enhanced} `) ? text.slice(enhanced.length + 1) : text;
}

function replyOf(code: number, texts: readonly string[], enhanced?: EnhancedCode): Reply {
  const lines = texts.length === 0 ? [""] : texts.slice();
  return (enhanced === undefined ? { code, lines } : { code, enhanced, lines }) as unknown as Reply;
}

/**
 * Length of the enhanced code that the text begins with, of the class of the reply code, or -1.
 *
 *     status-code = class "." subject "." detail     ; RFC 3463 §2
 *     class       = "2" / "4" / "5"
 *     subject     = 1*3DIGIT                         ; no leading zero
 *     detail      = 1*3DIGIT
 */
function scanEnhancedCode(code: number, text: string): number {
  const first = text.charCodeAt(0) - 0x30;
  if (first !== Math.trunc(code / 100) || (first !== 2 && first !== 4 && first !== 5)) return -1;
  const subjectEnd = scanNumber(text, 1);
  const end = subjectEnd < 0 ? -1 : scanNumber(text, subjectEnd);
  return end === text.length || text.charCodeAt(end) === SP ? end : -1;
}

/** Index after a dot and a number of up to three digits, or -1. */
function scanNumber(text: string, dot: number): number {
  if (text.charCodeAt(dot) !== DOT) return -1;
  let index = dot + 1;
  while (index < dot + 4 && isIn(text.charCodeAt(index), DIGIT)) index += 1;
  const isNumber = index > dot + 1 && (index === dot + 2 || text.charCodeAt(dot + 1) !== ZERO);
  return isNumber ? index : -1;
}

export interface ReplyFormat {
  /** Whether the enhanced code is written, on every line: only after ENHANCEDSTATUSCODES was announced (RFC 2034). */
  readonly enhanced: boolean;
  /**
   * Whether text beyond ASCII is written as UTF-8 (RFC 6531 §3.7.4.2). Default: no, `?` stands for each such
   * character.
   */
  readonly utf8?: boolean;
}

/**
 * The reply as it is sent, CRLF included.
 *
 *     Reply-line = *( Reply-code "-" textstring CRLF ) Reply-code SP textstring CRLF
 */
export function formatReply(value: Reply, format: ReplyFormat): Uint8Array {
  const { code, enhanced, lines } = value;
  const last = lines.length - 1;
  let text = "";
  for (let index = 0; index <= last; index++) {
    const line = lines[index] ?? "";
    text += `${code}${index === last ? " " : "-"}`;
    text += format.enhanced && enhanced !== undefined ? `${enhanced}${line === "" ? "" : " "}${line}` : line;
    text += "\r\n";
  }
  return encodeUtf8(format.utf8 === true || isAsciiText(text) ? text : asciiText(text));
}

/** Some lines of a reply without an enhanced code, likewise, and without UTF-8. */
export function formatLines(code: number, lines: readonly string[], endsReply: boolean): Uint8Array {
  let text = "";
  for (let index = 0; index < lines.length; index++) {
    text += `${code}${endsReply && index === lines.length - 1 ? " " : "-"}${lines[index] ?? ""}\r\n`;
  }
  return encodeForWriting(isAsciiText(text) ? text : asciiText(text));
}

function asciiText(text: string): string {
  return Array.from(text, (char) => (char < "\x80" ? char : "?")).join("");
}

/** One line of a reply, as a client reads it. */
export interface ReplyLine {
  readonly code: number;
  /** Whether the reply ends with this line. */
  readonly last: boolean;
  /** An enhanced code is still in it; control characters but tabs have become `?`. */
  readonly text: string;
}

/**
 * A line of a reply, without its CRLF. Text that is not UTF-8 is read as Latin-1: whatever a server says about its
 * reasons is worth telling.
 *
 *     line = code [ ( SP / "-" ) *OCTET ]
 *     code = %x31-35 2DIGIT
 */
export function parseReplyLine(octets: Uint8Array, start = 0, end = octets.length): Parsed<ReplyLine> {
  const first = digitAt(octets, start, end);
  const second = digitAt(octets, start + 1, end);
  const third = digitAt(octets, start + 2, end);
  const separator = octetAt(octets, start + 3, end);
  const hasText = separator === SP || separator === HYPHEN;
  if (first < 1 || first > 5 || second < 0 || third < 0 || (end - start > 3 && !hasText)) {
    return failure("The line does not begin with a reply code");
  }
  const text = hasText ? visibleText(decodeLenient(octets, start + 4, end)) : "";
  return success({ code: first * 100 + second * 10 + third, last: separator !== HYPHEN, text });
}

function digitAt(octets: Uint8Array, at: number, end: number): number {
  const octet = octetAt(octets, at, end);
  return isIn(octet, DIGIT) ? octet - ZERO : -1;
}

/** Whether it is printable ASCII, as nearly all texts are. */
function isPlain(text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    if (unit < 0x20 || unit > 0x7e) return false;
  }
  return true;
}

/** The text with `?` for every control character but tabs, those beyond ASCII (U+0080 to U+009F) included. */
function visibleText(text: string): string {
  for (let index = 0; index < text.length; index++) {
    if (isControl(text.charCodeAt(index)))
      return Array.from(text, (char) => (isControl(char.charCodeAt(0)) ? "?" : char)).join("");
  }
  return text;
}

function isControl(unit: number): boolean {
  return (isIn(unit, CONTROL) && unit !== HTAB) || (unit >= 0x80 && unit < 0xa0);
}
