// The parameters of MAIL and RCPT that a message asks for, as the server's offer allows them. What was asked for and is not
// offered is never left out in silence: the message is not sent.

import { formatDeliverBy, parseDeliverByAnnouncement, type DeliverBy } from "../extensions/deliver-by.ts";
import { formatEnvid, formatNotify, formatOriginalRecipient, parseRet } from "../extensions/dsn.ts";
import { formatHoldFor, formatHoldUntil, parseFutureReleaseAnnouncement } from "../extensions/future-release.ts";
import { formatPriority } from "../extensions/mt-priority.ts";
import { formatSolicitation, parseNoSolicitingAnnouncement } from "../extensions/no-soliciting.ts";
import { formatValidSince } from "../extensions/rrvs.ts";
import { parseBody } from "../extensions/binary-mime.ts";
import { parseSize } from "../extensions/size.ts";
import { isAscii, type Mailbox } from "../grammar/address.ts";
import { findCapability, type Capabilities } from "../grammar/capabilities.ts";
import { InvalidValueError, shown } from "../grammar/invalid-value-error.ts";
import { esmtpParameter, formatParameters, type EsmtpParameter, type EsmtpParameters } from "../grammar/parameters.ts";
import { isAsciiText } from "../grammar/text.ts";
import { LocalProtocolError, type TlsInfo } from "../session.ts";
import type { ClientIntent, OutgoingRecipient } from "./messages.ts";
import type { ClientRegistry } from "./registry.ts";

type Send = Extract<ClientIntent, { type: "send" }>;

/** What parameters depend on besides the message. */
export interface ParameterTerms {
  readonly capabilities: Capabilities;
  readonly protocol: "smtp" | "lmtp";
  readonly tls: TlsInfo | undefined;
  /** Whether the content will go by BDAT. */
  readonly chunked: boolean;
  readonly registry: ClientRegistry;
}

/** Largest content that the server takes, in octets (RFC 1870); `undefined` where it names no limit. */
export function sizeLimit(capabilities: Capabilities): bigint | undefined {
  const limit = parseSize(findCapability(capabilities, "SIZE")?.parameters[0]);
  return limit === 0n ? undefined : limit;
}

/** Whether a transaction needs SMTPUTF8 (RFC 6531 §3.4): for an address, a parameter, or the content's header. */
export function needsSmtputf8({ reversePath, parameters = [], recipients, smtputf8 }: Omit<Send, "type">): boolean {
  const isPlain = (path: Mailbox | null, its: EsmtpParameters) => isAscii(path) && isAsciiText(formatParameters(its));
  const allPlain = recipients.every(({ recipient, parameters: its = [] }) => isPlain(recipient, its));
  return smtputf8 === true || !isPlain(reversePath, parameters) || !allPlain;
}

/**
 * Throws `LocalProtocolError` for what the server does not offer or would not take, `InvalidValueError` for a value that
 * its RFC does not allow.
 */
export function mailParameters(send: Send, terms: ParameterTerms): EsmtpParameters {
  const own = ownParameters(send.parameters);
  terms.registry.check("MAIL", own, terms.capabilities);
  const automatic = [...sizeParameter(send, terms), ...bodyParameter(send, terms), ...utf8Parameter(send, terms)];
  // What the caller sets takes the place of what would be set by itself: a parameter may stand once only.
  const isSet = ({ keyword }: EsmtpParameter) => own.some((parameter) => parameter.keyword === keyword);
  const typed = [...requested(terms, mailRequests(send, terms))];
  return together([...automatic.filter((parameter) => !isSet(parameter)), ...typed], own);
}

/** Throws as `mailParameters` does. `utf8`: the transaction has SMTPUTF8. */
export function recipientParameters(
  { notify, originalRecipient, validSince, parameters }: OutgoingRecipient,
  terms: ParameterTerms,
  utf8: boolean,
): EsmtpParameters {
  const own = ownParameters(parameters);
  terms.registry.check("RCPT", own, terms.capabilities);
  if (notify === undefined && originalRecipient === undefined && validSince === undefined) return own;
  const requests: Request[] = [
    ["DSN", "NOTIFY", asked(notify, formatNotify)],
    ["DSN", "ORCPT", asked(originalRecipient, (original) => formatOriginalRecipient(original, utf8))],
    ["RRVS", "RRVS", asked(validSince, formatValidSince)],
  ];
  return together([...requested(terms, requests)], own);
}

/** An extension's keyword, a parameter of it, and its value; `undefined` where it was not asked for. */
type Request = readonly [extension: string, keyword: string, value: (() => string | undefined) | undefined];

function mailRequests(send: Send, terms: ParameterTerms): Request[] {
  const { ret, envid, deliverBy, holdFor, holdUntil, priority, requireTls, solicitation, prdr } = send;
  return [
    ["DSN", "RET", asked(ret, checkedRet)],
    ["DSN", "ENVID", asked(envid, formatEnvid)],
    ["DELIVERBY", "BY", asked(deliverBy, (value) => deliverByValue(value, terms))],
    ["FUTURERELEASE", "HOLDFOR", asked(holdFor, (value) => holdForValue(send, value, terms))],
    ["FUTURERELEASE", "HOLDUNTIL", asked(holdUntil, (value) => holdUntilValue(value, terms))],
    ["MT-PRIORITY", "MT-PRIORITY", asked(priority, formatPriority)],
    ["REQUIRETLS", "REQUIRETLS", asked(requireTls === true || undefined, () => underVerifiedTls(terms))],
    ["NO-SOLICITING", "SOLICIT", asked(solicitation, (value) => solicitationValue(value, terms))],
    ["PRDR", "PRDR", asked(prdr === true || undefined, () => inSmtp(terms))],
  ];
}

function asked<Value>(value: Value | undefined, format: (value: Value) => string | undefined): Request[2] {
  return value === undefined ? undefined : () => format(value);
}

function* requested(terms: ParameterTerms, requests: readonly Request[]): Generator<EsmtpParameter> {
  for (const [extension, keyword, value] of requests) {
    if (value === undefined) continue;
    if (!isOffered(terms, extension)) throw notOffered(keyword, extension);
    yield esmtpParameter(keyword, value(), { utf8: true });
  }
}

function together(set: EsmtpParameters, own: EsmtpParameters): EsmtpParameters {
  const twice = set.find(({ keyword }) => own.some((parameter) => parameter.keyword === keyword));
  if (twice !== undefined) throw new LocalProtocolError(`${twice.keyword} is set twice: leave it out of parameters`);
  return [...set, ...own];
}

/** Intents may come from a record or from code without types: only what is parsed here is certain to be what it seems. */
function ownParameters(given: EsmtpParameters = []): EsmtpParameters {
  const own = given.map(({ keyword, value }) => esmtpParameter(keyword, value, { utf8: true }));
  const twice = own.find(({ keyword }, place) => own.some((other, at) => at < place && other.keyword === keyword));
  if (twice === undefined) return own;
  throw new InvalidValueError(`Parameter ${twice.keyword}`, "It stands twice in parameters", "Pass each keyword once");
}

function isOffered({ capabilities }: ParameterTerms, extension: string): boolean {
  return findCapability(capabilities, extension) !== undefined;
}

function announced({ capabilities }: ParameterTerms, extension: string): readonly string[] {
  return findCapability(capabilities, extension)?.parameters ?? [];
}

function notOffered(what: string, extension: string): LocalProtocolError {
  return new LocalProtocolError(`${what}: the server does not offer ${extension}`);
}

// Parameters that are set by themselves.

function sizeParameter({ size }: Send, terms: ParameterTerms): EsmtpParameter[] {
  if (size === undefined) return [];
  mustBeSize(size);
  const limit = sizeLimit(terms.capabilities);
  if (limit !== undefined && BigInt(size) > limit) {
    throw new LocalProtocolError(`content of ${size} octets: the server takes at most ${limit}`);
  }
  return isOffered(terms, "SIZE") ? [esmtpParameter("SIZE", String(size))] : [];
}

function mustBeSize(octets: number): void {
  if (Number.isSafeInteger(octets) && octets >= 0) return;
  throw new InvalidValueError(
    `Size ${shown(String(octets))}`,
    "It counts no octets",
    "Pass a whole number, or leave it out",
  );
}

/** Without `body` the content may be 8-bit and nobody knows; with it the server must know. 7BIT goes without saying (RFC 6152 §2). */
function bodyParameter(send: Send, terms: ParameterTerms): EsmtpParameter[] {
  const { body, eightBit } = send;
  if (body !== undefined && parseBody(body) !== body) {
    throw new InvalidValueError(`Body ${shown(body)}`, "It is none that is known", "Pass 7BIT, 8BITMIME or BINARYMIME");
  }
  if (body === "7BIT" && eightBit === true) {
    throw new InvalidValueError(
      'Body "7BIT"',
      "The content holds octets over 127",
      "Pass 8BITMIME, or encode the content",
    );
  }
  if (body === "BINARYMIME") return [binaryParameter(terms)];
  if (body === "8BITMIME" && !isOffered(terms, "8BITMIME")) throw notOffered("BODY=8BITMIME", "8BITMIME");
  const wanted = body ?? (eightBit === true || needsSmtputf8(send) ? "8BITMIME" : undefined);
  return wanted !== undefined && isOffered(terms, "8BITMIME") ? [esmtpParameter("BODY", wanted)] : [];
}

function binaryParameter(terms: ParameterTerms): EsmtpParameter {
  if (!isOffered(terms, "BINARYMIME")) throw notOffered("BODY=BINARYMIME", "BINARYMIME");
  if (terms.chunked) return esmtpParameter("BODY", "BINARYMIME");
  throw new LocalProtocolError(
    "BODY=BINARYMIME goes by BDAT alone: CHUNKING and PIPELINING must be offered, and not be turned off",
  );
}

function utf8Parameter(send: Send, terms: ParameterTerms): EsmtpParameter[] {
  if (!needsSmtputf8(send)) return [];
  if (isOffered(terms, "SMTPUTF8")) return [esmtpParameter("SMTPUTF8")];
  throw new LocalProtocolError("a non-ASCII address or header: the server does not offer SMTPUTF8");
}

// Values of the others, checked against what the server announced of itself.

function checkedRet(ret: string): string {
  if (parseRet(ret) === ret) return ret;
  throw new InvalidValueError(`RET ${shown(ret)}`, "It is none that is known", "Pass FULL or HDRS");
}

function deliverByValue(deliverBy: DeliverBy, terms: ParameterTerms): string {
  const value = formatDeliverBy(deliverBy);
  const { minimum = 0 } = parseDeliverByAnnouncement(announced(terms, "DELIVERBY")) ?? {};
  if (deliverBy.mode === "notify" || deliverBy.seconds >= minimum) return value;
  throw new LocalProtocolError(`BY=${value}: the server needs ${minimum} seconds at least`);
}

function holdForValue({ holdUntil }: Send, seconds: number, terms: ParameterTerms): string {
  if (holdUntil !== undefined) throw new LocalProtocolError("HOLDFOR and HOLDUNTIL exclude each other: set one");
  const value = formatHoldFor(seconds);
  const limits = parseFutureReleaseAnnouncement(announced(terms, "FUTURERELEASE"));
  if (limits === undefined || seconds <= limits.interval) return value;
  throw new LocalProtocolError(`HOLDFOR=${value}: the server holds for ${limits.interval} seconds at most`);
}

function holdUntilValue(epoch: number, terms: ParameterTerms): string {
  const value = formatHoldUntil(epoch);
  const limits = parseFutureReleaseAnnouncement(announced(terms, "FUTURERELEASE"));
  if (limits === undefined || epoch <= limits.until) return value;
  throw new LocalProtocolError(
    `HOLDUNTIL=${value}: the server holds until ${formatHoldUntil(limits.until)} at the latest`,
  );
}

/** RFC 8689 §4.2.1: the next hop must be who it says it is, and the way there must be secret. */
function underVerifiedTls({ tls }: ParameterTerms): undefined {
  if (tls?.authorized === true) return undefined;
  throw new LocalProtocolError("REQUIRETLS: the connection is not under TLS with a certificate that was verified");
}

/** RFC 3865 §2.3: what the server said it does not want is not even tried. */
function solicitationValue(keywords: readonly string[], terms: ParameterTerms): string {
  const value = formatSolicitation(keywords);
  const unwanted = parseNoSolicitingAnnouncement(announced(terms, "NO-SOLICITING"));
  const refused = keywords.find((keyword) => unwanted.includes(keyword));
  if (refused === undefined) return value;
  throw new LocalProtocolError(`SOLICIT=${value}: the server does not want ${refused}`);
}

function inSmtp({ protocol }: ParameterTerms): undefined {
  if (protocol === "smtp") return undefined;
  throw new LocalProtocolError("PRDR: in LMTP each recipient is answered anyway");
}
