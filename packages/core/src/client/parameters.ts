// The parameters of MAIL and RCPT that a message asks for, as the server's offer allows them. What was asked for and is not
// offered is never left out in silence: the message is not sent.

import type { ContentMeasure } from "../framing/content-measure.ts";
import { formatDeliverBy, parseDeliverByAnnouncement, type DeliverBy } from "../extensions/deliver-by.ts";
import { formatEnvid, formatNotify, formatOriginalRecipient, parseRet } from "../extensions/dsn.ts";
import { formatHoldFor, formatHoldUntil, parseFutureReleaseAnnouncement } from "../extensions/future-release.ts";
import { formatPriority } from "../extensions/mt-priority.ts";
import { formatSolicitation, parseNoSolicitingAnnouncement } from "../extensions/no-soliciting.ts";
import { formatValidSince } from "../extensions/rrvs.ts";
import { parseBody } from "../extensions/binary-mime.ts";
import { isAscii, type Mailbox } from "../grammar/address.ts";
import { findCapability } from "../grammar/capabilities.ts";
import { InvalidValueError, shown } from "../grammar/invalid-value-error.ts";
import { esmtpParameter, formatParameters, type EsmtpParameter, type EsmtpParameters } from "../grammar/parameters.ts";
import { isAsciiText } from "../grammar/text.ts";
import { LocalProtocolError, type TlsInfo } from "../session.ts";
import type { ClientIntent, OutgoingRecipient } from "./messages.ts";
import type { ServerOffer } from "./offer.ts";
import type { ClientRegistry } from "./registry.ts";

type Send = Extract<ClientIntent, { type: "send" }>;

/** What parameters depend on besides the message. */
export interface ParameterTerms {
  readonly offer: ServerOffer;
  readonly protocol: "smtp" | "lmtp";
  readonly tls: TlsInfo | undefined;
  /** Whether the content will go by BDAT. */
  readonly chunked: boolean;
  /** What is known of the content, where it came with the rest. */
  readonly measure: ContentMeasure | undefined;
  /** Whether the transaction needs SMTPUTF8; see `needsSmtputf8`. */
  readonly utf8: boolean;
  readonly registry: ClientRegistry;
}

const none: EsmtpParameters = [];

/** Whether a transaction needs SMTPUTF8 (RFC 6531 §3.4): for an address, a parameter, or the content's header. */
export function needsSmtputf8({ reversePath, parameters, recipients, smtputf8 }: Send): boolean {
  if (smtputf8 === true || !isPlain(reversePath, parameters)) return true;
  for (const { recipient, parameters: its } of recipients) if (!isPlain(recipient, its)) return true;
  return false;
}

function isPlain(path: Mailbox | null, parameters: EsmtpParameters | undefined): boolean {
  return isAscii(path) && (parameters === undefined || isAsciiText(formatParameters(parameters)));
}

/**
 * Throws `LocalProtocolError` for what the server does not offer or would not take, `InvalidValueError` for a value that
 * its RFC does not allow.
 */
export function mailParameters(send: Send, terms: ParameterTerms): EsmtpParameters {
  const own = ownParameters(send.parameters);
  terms.registry.check("MAIL", own, terms.offer.capabilities);
  const automatic = automaticParameters(send, terms);
  const requests = mailRequests(send, terms);
  if (own.length === 0 && requests.length === 0) return automatic;
  // What the caller sets takes the place of what would be set by itself: a parameter may stand once only.
  const isSet = ({ keyword }: EsmtpParameter) => own.some((parameter) => parameter.keyword === keyword);
  const typed = requested(terms, requests);
  return together([...automatic.filter((parameter) => !isSet(parameter)), ...typed], own);
}

/** Throws as `mailParameters` does. */
export function recipientParameters(
  { notify, originalRecipient, validSince, parameters }: OutgoingRecipient,
  terms: ParameterTerms,
): EsmtpParameters {
  const own = ownParameters(parameters);
  terms.registry.check("RCPT", own, terms.offer.capabilities);
  if (notify === undefined && originalRecipient === undefined && validSince === undefined) return own;
  const requests: Request[] = [];
  if (notify !== undefined) requests.push(["DSN", "NOTIFY", () => formatNotify(notify)]);
  if (originalRecipient !== undefined) {
    requests.push(["DSN", "ORCPT", () => formatOriginalRecipient(originalRecipient, terms.utf8)]);
  }
  if (validSince !== undefined) requests.push(["RRVS", "RRVS", () => formatValidSince(validSince)]);
  return together(requested(terms, requests), own);
}

/** An extension's keyword, a parameter of it that was asked for, and its value. */
type Request = readonly [extension: string, keyword: string, value: () => string | undefined];

function mailRequests(send: Send, terms: ParameterTerms): readonly Request[] {
  const { ret, envid, deliverBy, holdFor, holdUntil, priority, requireTls, solicitation, prdr } = send;
  const requests: Request[] = [];
  if (ret !== undefined) requests.push(["DSN", "RET", () => checkedRet(ret)]);
  if (envid !== undefined) requests.push(["DSN", "ENVID", () => formatEnvid(envid)]);
  if (deliverBy !== undefined) requests.push(["DELIVERBY", "BY", () => deliverByValue(deliverBy, terms)]);
  if (holdFor !== undefined) requests.push(["FUTURERELEASE", "HOLDFOR", () => holdForValue(send, holdFor, terms)]);
  if (holdUntil !== undefined) requests.push(["FUTURERELEASE", "HOLDUNTIL", () => holdUntilValue(holdUntil, terms)]);
  if (priority !== undefined) requests.push(["MT-PRIORITY", "MT-PRIORITY", () => formatPriority(priority)]);
  if (requireTls === true) requests.push(["REQUIRETLS", "REQUIRETLS", () => underVerifiedTls(terms)]);
  if (solicitation !== undefined)
    requests.push(["NO-SOLICITING", "SOLICIT", () => solicitationValue(solicitation, terms)]);
  if (prdr === true) requests.push(["PRDR", "PRDR", () => inSmtp(terms)]);
  return requests;
}

function requested(terms: ParameterTerms, requests: readonly Request[]): EsmtpParameters {
  return requests.map(([extension, keyword, value]) => {
    if (!isOffered(terms, extension)) throw notOffered(keyword, extension);
    return esmtpParameter(keyword, value(), { utf8: true });
  });
}

function together(set: EsmtpParameters, own: EsmtpParameters): EsmtpParameters {
  const twice = set.find(({ keyword }) => own.some((parameter) => parameter.keyword === keyword));
  if (twice !== undefined) throw new LocalProtocolError(`${twice.keyword} is set twice: leave it out of parameters`);
  return [...set, ...own];
}

/** Intents may come from a record or from code without types: only what is parsed here is certain to be what it seems. */
function ownParameters(given: EsmtpParameters | undefined): EsmtpParameters {
  if (given === undefined || given.length === 0) return none;
  const own = given.map(({ keyword, value }) => esmtpParameter(keyword, value, { utf8: true }));
  const twice = own.find(({ keyword }, place) => own.some((other, at) => at < place && other.keyword === keyword));
  if (twice === undefined) return own;
  throw new InvalidValueError(`Parameter ${twice.keyword}`, "It stands twice in parameters", "Pass each keyword once");
}

function isOffered({ offer }: ParameterTerms, extension: string): boolean {
  return offer.keywords.has(extension);
}

function announced({ offer }: ParameterTerms, extension: string): readonly string[] {
  return findCapability(offer.capabilities, extension)?.parameters ?? [];
}

function notOffered(what: string, extension: string): LocalProtocolError {
  return new LocalProtocolError(`${what}: the server does not offer ${extension}`);
}

// Parameters that are set by themselves.

const sevenBit = esmtpParameter("BODY", "7BIT");
const eightBitMime = esmtpParameter("BODY", "8BITMIME");
const binaryMime = esmtpParameter("BODY", "BINARYMIME");
const smtputf8 = esmtpParameter("SMTPUTF8");

function automaticParameters(send: Send, terms: ParameterTerms): EsmtpParameters {
  const parameters: EsmtpParameter[] = [];
  const size = sizeParameter(send, terms);
  if (size !== undefined) parameters.push(size);
  const body = bodyParameter(send, terms);
  if (body !== undefined) parameters.push(body);
  if (!terms.utf8) return parameters;
  if (!isOffered(terms, "SMTPUTF8")) {
    throw new LocalProtocolError("a non-ASCII address or header: the server does not offer SMTPUTF8");
  }
  parameters.push(smtputf8);
  return parameters;
}

function sizeParameter(send: Send, terms: ParameterTerms): EsmtpParameter | undefined {
  const size = send.size ?? terms.measure?.size;
  if (size === undefined) return undefined;
  mustBeSize(size);
  const { sizeLimit } = terms.offer;
  if (sizeLimit !== undefined && size > sizeLimit) {
    throw new LocalProtocolError(`content of ${size} octets: the server takes at most ${sizeLimit}`);
  }
  return isOffered(terms, "SIZE") ? esmtpParameter("SIZE", String(size)) : undefined;
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
function bodyParameter(send: Send, terms: ParameterTerms): EsmtpParameter | undefined {
  const { body, eightBit = terms.measure?.eightBit } = send;
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
  if (body === "BINARYMIME") return binaryParameter(terms);
  if (body === "8BITMIME" && !isOffered(terms, "8BITMIME")) throw notOffered("BODY=8BITMIME", "8BITMIME");
  if (body === "7BIT") return isOffered(terms, "8BITMIME") ? sevenBit : undefined;
  const isWanted = body === "8BITMIME" || eightBit === true || terms.utf8;
  return isWanted && isOffered(terms, "8BITMIME") ? eightBitMime : undefined;
}

function binaryParameter(terms: ParameterTerms): EsmtpParameter {
  if (!isOffered(terms, "BINARYMIME")) throw notOffered("BODY=BINARYMIME", "BINARYMIME");
  if (terms.chunked) return binaryMime;
  throw new LocalProtocolError(
    "BODY=BINARYMIME goes by BDAT alone: CHUNKING and PIPELINING must be offered, and not be turned off",
  );
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
