// Addresses and paths of the envelope: RFC 5321 §4.1.2, with 5321bis where it is stricter, and RFC 6531 §3.3.

import {
  AT,
  ATEXT,
  BACKSLASH,
  COLON,
  COMMA,
  DOT,
  DQUOTE,
  GREATER_THAN,
  hasNonAscii,
  HYPHEN,
  isIn,
  LESS_THAN,
  LOWER,
  octetAt,
  PRINTABLE,
  QTEXT,
  scanWhile,
  scanWhileOrUtf8,
  startsWithWord,
} from "./abnf.ts";
import { canonicalDomain, scanDomain, scanDomainOrLiteral } from "./domain.ts";
import { InvalidValueError, shown } from "./invalid-value-error.ts";
import { type Branded, type Failure, failure, type Success, success } from "./parsed.ts";
import { decodeAscii, decodeUtf8, encodeUtf8, isAsciiText, isWellFormed } from "./text.ts";

export { type HelloName, helloName, parseHelloName } from "./domain.ts";

/** An address of the envelope. Made by the parsers of this file, `mailbox` and `forwardPath`. */
export interface Mailbox extends Branded<"Mailbox"> {
  /** The one way in which this address is written on the wire, without angle brackets, quoted only where it must be. */
  readonly address: string;
  /** What the local part means: without quotes and backslashes, in the sender's case. */
  readonly localPart: string;
  /** In lower case; a literal with its brackets, such as `[192.0.2.1]`. Empty for `<Postmaster>` alone. */
  readonly domain: string;
}

/** Where reports about a message go; `null` is `<>`: nowhere, because the message is itself a report. */
export type ReversePath = Mailbox | null;
/** A recipient. Its domain is empty for `<Postmaster>`: the postmaster of the server spoken to. */
export type ForwardPath = Mailbox;

/** Octets as they stand on the wire, quotes and backslashes included. */
export interface AddressLimits {
  readonly localPartLimit: number;
  readonly domainLimit: number;
  /** Octets in a path, its angle brackets and source route included. */
  readonly pathLimit: number;
}

/**
 * RFC 5321 §4.5.3.1 names lengths that must be accepted at least: 64, 255 and 256. The path's and the domain's
 * are taken as they are. A local part may fill its path, since senders who encode the recipient in it (VERP, SRS) go
 * beyond 64.
 */
export const addressLimits: AddressLimits = { localPartLimit: 256, domainLimit: 255, pathLimit: 256 };

export interface AddressOptions extends Partial<AddressLimits> {
  /** Whether characters beyond ASCII may occur (RFC 6531). Default: no, and a path with such fails as `utf8`. */
  readonly utf8?: boolean;
}

/** A path that parsed. `next` is the index after its closing angle bracket. */
export interface ParsedPath<Path> extends Success<Path> {
  readonly next: number;
}

/**
 * The path of MAIL FROM, from `at` on; what follows it is the caller's to look at. `utf8` stands for that of the options.
 *
 *     Reverse-path = Path / "<>"
 */
export function parseReversePath(
  octets: Uint8Array,
  at: number,
  end: number,
  options: AddressOptions = {},
  utf8 = options.utf8 === true,
): ParsedPath<ReversePath> | Failure {
  const isNull = octetAt(octets, at, end) === LESS_THAN && octetAt(octets, at + 1, end) === GREATER_THAN;
  return isNull ? { ok: true, value: null, next: at + 2 } : parsePath(octets, at, end, options, utf8);
}

/**
 * The path of RCPT TO, from `at` on; what follows it is the caller's to look at.
 *
 *     Forward-path = Path / "<Postmaster>"     ; RFC 5321 §4.1.1.3, in any case
 */
export function parseForwardPath(
  octets: Uint8Array,
  at: number,
  end: number,
  options: AddressOptions = {},
): ParsedPath<ForwardPath> | Failure {
  if (!startsWithWord(octets, at, end, postmaster)) return parsePath(octets, at, end, options, options.utf8 === true);
  const next = at + postmaster.length;
  return { ok: true, value: mailboxOf(decodeAscii(octets, at + 1, next - 1), ""), next };
}

const postmaster = "<POSTMASTER>";

/**
 * A source route is checked and then ignored, as RFC 5321 appendix C asks. An empty quoted local part is refused
 * (5321bis).
 *
 *     Path    = "<" [ A-d-l ":" ] Mailbox ">"
 *     Mailbox = Local-part "@" ( Domain / address-literal )
 */
function parsePath(
  octets: Uint8Array,
  at: number,
  end: number,
  limits: Partial<AddressLimits>,
  utf8: boolean,
): ParsedPath<Mailbox> | Failure {
  if (octetAt(octets, at, end) !== LESS_THAN) return failure("The path must stand in angle brackets");
  const mailboxAt = scanSourceRoute(octets, at + 1, end);
  if (mailboxAt < 0) return failure("The source route is not valid");
  const localEnd = scanLocalPart(octets, mailboxAt, end);
  const domainEnd = scanDomainBehind(octets, localEnd, end);
  if (domainEnd < 0) return brokenMailbox(octets, localEnd, end);
  if (octetAt(octets, domainEnd, end) !== GREATER_THAN)
    return failure("The address must end in a valid domain and an angle bracket");
  const next = domainEnd + 1;
  if (next - at > (limits.pathLimit ?? addressLimits.pathLimit)) return failure("The path is too long", "tooLong");
  const isAllAscii = !hasNonAscii(octets, at, next);
  if (!utf8 && !isAllAscii) return failure("The address needs SMTPUTF8", "utf8");
  const tooLong = overLimit(mailboxAt, localEnd, domainEnd, limits);
  if (tooLong !== undefined) return tooLong;
  return { ok: true, value: readMailbox(octets, mailboxAt, localEnd, domainEnd, isAllAscii), next };
}

/** Index after the "@" behind a local part and its domain, or -1. */
function scanDomainBehind(octets: Uint8Array, localEnd: number, end: number): number {
  if (localEnd < 0 || octetAt(octets, localEnd, end) !== AT) return -1;
  return scanDomainOrLiteral(octets, localEnd + 1, end);
}

/** Why there is no mailbox. */
function brokenMailbox(octets: Uint8Array, localEnd: number, end: number): Failure {
  if (localEnd < 0) return failure("The local part of the address is not valid");
  if (octetAt(octets, localEnd, end) !== AT)
    return failure("The address must have a local part, an at sign and a domain");
  return failure("The domain of the address is not valid");
}

/** Of a local part from `at` to `localEnd`, and a domain from behind the at sign there to `end`. */
function overLimit(at: number, localEnd: number, end: number, limits: Partial<AddressLimits>): Failure | undefined {
  if (localEnd - at > (limits.localPartLimit ?? addressLimits.localPartLimit))
    return failure("The local part of the address is too long", "tooLong");
  if (end - localEnd - 1 > (limits.domainLimit ?? addressLimits.domainLimit))
    return failure("The domain of the address is too long", "tooLong");
  return undefined;
}

/**
 * Index of the mailbox after a source route, `at` itself where there is none, or -1.
 *
 *     A-d-l     = At-domain *( "," At-domain )
 *     At-domain = "@" Domain
 */
function scanSourceRoute(octets: Uint8Array, at: number, end: number): number {
  if (octetAt(octets, at, end) !== AT) return at;
  let index = scanDomain(octets, at + 1, end);
  while (index >= 0 && octetAt(octets, index, end) === COMMA) {
    index = octetAt(octets, index + 1, end) === AT ? scanDomain(octets, index + 2, end) : -1;
  }
  return index >= 0 && octetAt(octets, index, end) === COLON ? index + 1 : -1;
}

/**
 *     Local-part = Dot-string / Quoted-string
 */
function scanLocalPart(octets: Uint8Array, at: number, end: number): number {
  return octetAt(octets, at, end) === DQUOTE ? scanQuotedString(octets, at, end) : scanDotString(octets, at, end);
}

/**
 *     Dot-string = Atom *("."  Atom)
 *     Atom       = 1*atext
 */
function scanDotString(octets: Uint8Array, at: number, end: number): number {
  let index = scanAtom(octets, at, end);
  while (index >= 0 && octetAt(octets, index, end) === DOT) index = scanAtom(octets, index + 1, end);
  return index;
}

function scanAtom(octets: Uint8Array, at: number, end: number): number {
  const next = scanWhileOrUtf8(octets, at, end, ATEXT);
  return next > at ? next : -1;
}

/**
 *     Quoted-string   = DQUOTE 1*QcontentSMTP DQUOTE
 *     QcontentSMTP    = qtextSMTP / quoted-pairSMTP
 *     quoted-pairSMTP = %d92 %d32-126
 */
function scanQuotedString(octets: Uint8Array, at: number, end: number): number {
  let index = at + 1;
  for (;;) {
    index = scanWhileOrUtf8(octets, index, end, QTEXT);
    if (index < 0 || octetAt(octets, index, end) !== BACKSLASH) break;
    if (!isIn(octetAt(octets, index + 1, end), PRINTABLE)) return -1;
    index += 2;
  }
  return index > at + 1 && octetAt(octets, index, end) === DQUOTE ? index + 1 : -1;
}

function readMailbox(octets: Uint8Array, at: number, localEnd: number, end: number, isAllAscii: boolean): Mailbox {
  const isQuoted = octets[at] === DQUOTE;
  const localPart = isAllAscii ? decodeAscii(octets, at, localEnd) : (decodeUtf8(octets, at, localEnd) ?? "");
  const domain =
    isAllAscii && scanWhile(octets, localEnd + 1, end, LOWER) === end
      ? decodeAscii(octets, localEnd + 1, end)
      : canonicalDomain(octets, localEnd + 1, end);
  return isQuoted ? mailboxOf(unquoted(localPart), domain) : mailboxOf(localPart, domain, localPart);
}

function mailboxOf(localPart: string, domain: string, written = writtenLocalPart(localPart)): Mailbox {
  const address = domain === "" ? written : `${written}@${domain}`;
  return { address, localPart, domain } as Mailbox;
}

/** A local part as it is to be written: bare where it is a Dot-string, else in quotes. */
function writtenLocalPart(localPart: string): string {
  const octets = encodeUtf8(localPart);
  if (scanDotString(octets, 0, octets.length) === octets.length) return localPart;
  return `"${localPart.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}

function unquoted(quotedString: string): string {
  const end = quotedString.length - 1;
  let text = "";
  let from = 1;
  for (let slash = quotedString.indexOf("\\", from); slash >= 0; slash = quotedString.indexOf("\\", from + 1)) {
    text += quotedString.slice(from, slash);
    from = slash + 1;
  }
  return text + quotedString.slice(from, end);
}

/** The path as it stands in a command, for example `<user@example.org>` or `<>`. */
export function formatPath(path: ReversePath): string {
  return path === null ? "<>" : `<${path.address}>`;
}

/** Whether the path is all ASCII. If not, sending to or from it takes SMTPUTF8 (RFC 6531). */
export function isAscii(path: ReversePath): boolean {
  return path === null || isAsciiText(path.address);
}

/**
 * An address of the caller's, such as `user@example.org` or `"john smith"@[192.0.2.1]`: bare, without angle brackets,
 * display name or white space. Characters beyond ASCII are taken; sending them needs SMTPUTF8. Throws
 * `InvalidValueError`.
 */
export function mailbox(text: string): Mailbox {
  const at = scanPlainAddress(text);
  if (at > 0) return { address: text, localPart: text.slice(0, at), domain: text.slice(at + 1) } as Mailbox;
  const octets = encodeUtf8(text);
  const parsed = parseAddress(octets);
  if (parsed.ok && isWellFormed(text)) return parsed.value;
  const problem = parsed.ok ? "It has half a surrogate pair" : parsed.problem;
  throw new InvalidValueError(`Address ${shown(text)}`, problem, "Pass a bare address such as user@example.org");
}

/** Characters of an address that exceeds no limit, whatever it is made of: a label may have as many. */
const harmless = 63;

/**
 * Index of the at sign in an address that stands in its own canonical form, as nearly all do: short, atoms of ASCII, a
 * domain in lower case. -1 for any other text, which may be an address all the same.
 */
function scanPlainAddress(text: string): number {
  if (text.length > harmless) return -1;
  let at = -1;
  let before = DOT;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    if (unit === DOT || unit === AT) {
      if (before === DOT || before === AT || (at >= 0 && (before === HYPHEN || unit === AT))) return -1;
      if (unit === AT) at = index;
    } else if (at < 0) {
      if (!isIn(unit, ATEXT)) return -1;
    } else if (unit === HYPHEN ? before === DOT || before === AT : !isIn(unit, LOWER)) return -1;
    before = unit;
  }
  return before === DOT || before === AT || before === HYPHEN ? -1 : at;
}

function parseAddress(octets: Uint8Array): Success<Mailbox> | Failure {
  const { length } = octets;
  const localEnd = scanLocalPart(octets, 0, length);
  const end = scanDomainBehind(octets, localEnd, length);
  if (end < 0) return brokenMailbox(octets, localEnd, length);
  if (end !== length) return failure("The address must end after a valid domain");
  if (length + 2 > addressLimits.pathLimit) return failure("The address is too long", "tooLong");
  const isAllAscii = !hasNonAscii(octets, 0, length);
  return overLimit(0, localEnd, end, addressLimits) ?? success(readMailbox(octets, 0, localEnd, end, isAllAscii));
}

/**
 * A recipient of the caller's: a `mailbox`, or `postmaster` in any case for the server's own. Throws
 * `InvalidValueError`.
 */
export function forwardPath(text: string): ForwardPath {
  return text.toUpperCase() === "POSTMASTER" && isAsciiText(text) ? mailboxOf(text, "") : mailbox(text);
}

/**
 * A sender of the caller's: a `mailbox`, or `null` or `"<>"` for the null reverse-path. Throws
 * `InvalidValueError`, for `""` too: a sender that was forgotten must not make a message that cannot bounce.
 */
export function reversePath(text: string | null): ReversePath {
  return text === null || text === "<>" ? null : mailbox(text);
}
