// A message as a caller gives it, and what the session needs to know of it before the content.

import {
  forwardPath,
  InvalidValueError,
  measureContent,
  reversePath,
  type ClientIntent,
  type EsmtpParameter,
  type EsmtpParameters,
  type Mailbox,
  type NotifyCondition,
  type OriginalRecipient,
  type OutgoingRecipient,
  type RecipientResult,
  type Reply,
  type ReversePath,
} from "@carteiro/core";
import type { MessageContent } from "./outgoing-content.ts";

/** A recipient with what is asked for it. What the server does not offer makes `send` reject with `LocalProtocolError`. */
export interface Recipient {
  readonly recipient: string | Mailbox;
  /** When the sender wants a report (DSN, RFC 3461 §4.1). Where it is left out, servers report failure. */
  readonly notify?: "NEVER" | readonly NotifyCondition[];
  /** The recipient as the message's first sender named it (DSN, RFC 3461 §4.2): an address, or another type with its name. */
  readonly originalRecipient?: string | OriginalRecipient;
  /** Deliver only if the mailbox has been the same person's since then (RRVS, RFC 7293); a number is milliseconds since 1970. */
  readonly validSince?: { readonly since: Date | number; readonly otherwise?: "continue" | "reject" };
  /** Further parameters of RCPT, sent as they are. */
  readonly parameters?: EsmtpParameters;
}

/** A recipient as an address, a mailbox, or with parameters of its own. */
export type RecipientLike = string | Mailbox | Recipient;

export interface Message {
  /** Reverse-path: where notifications go. `null` for none, as notifications themselves have it (RFC 5321 §4.5.5). */
  readonly from: string | ReversePath;
  readonly to: RecipientLike | readonly RecipientLike[];
  /**
   * The message as it is to be sent, header and body. Dots are stuffed, bare CR and LF become CRLF (or abort, with
   * `bareNewlines: "reject"`), and a missing CRLF at the end is added. A stream or iterable is read once, when the server
   * is ready for it; where it does not come to that, or to its end, it is ended: a web stream cancelled, Node's destroyed, an
   * iterator returned. A stream that fails before makes `send` reject with its error, and ends a transaction that was begun.
   * A function is called each time that content is sent, and has `timeouts.block` for it: where the server takes so many recipients in several transactions alone (LIMITS, RFC 9422), content must be a string,
   * an array, or such a function. Octets must not change before `send` has settled.
   */
  readonly content: MessageContent;
  /** Octets of content, where you know it and `content` does not show it. */
  readonly size?: number;
  /**
   * What the content is, where it must be said: it is not sent then to a server that does not offer to take such (RFC 6152,
   * RFC 3030). The octets of `BINARYMIME` content are sent as they are. Default: `8BITMIME` where it may be needed and is
   * offered.
   */
  readonly body?: "7BIT" | "8BITMIME" | "BINARYMIME";
  /** Whether the header holds UTF-8; a non-ASCII address implies it (RFC 6531). */
  readonly smtputf8?: boolean;
  /**
   * For reports: whether they bring back the message or its header alone, and the sender's name for this envelope,
   * printable ASCII (DSN, RFC 3461 §4.3, §4.4). Whether reports are wanted is said of each recipient, by `notify`.
   */
  readonly dsn?: { readonly ret?: "FULL" | "HDRS"; readonly envid?: string };
  /**
   * Seconds within which delivery is of use; beyond them `return` gives up, and `notify` tells the sender and goes on. `trace`
   * asks for a report from each relay (DELIVERBY, RFC 2852).
   */
  readonly deliverBy?: { readonly seconds: number; readonly mode: "return" | "notify"; readonly trace?: boolean };
  /** Seconds for the server to hold the message back (FUTURERELEASE, RFC 4865). Not with `holdUntil`. */
  readonly holdFor?: number;
  /** When the server is to release the message; a number is milliseconds since 1970 (FUTURERELEASE, RFC 4865). */
  readonly holdUntil?: Date | number;
  /** How urgent it is, -9 to 9 (MT-PRIORITY, RFC 6710). */
  readonly priority?: number;
  /**
   * Pass it on over verified TLS alone or not at all, beginning with this connection: it must be under TLS, with a certificate
   * that was verified (REQUIRETLS, RFC 8689).
   */
  readonly requireTls?: boolean;
  /** Classes of solicitation that it belongs to, such as `org.example:ADV` (NO-SOLICITING, RFC 3865). */
  readonly solicitation?: readonly string[];
  /** Asks for a reply to the content for each recipient, over SMTP too (PRDR, as Exim has it). The server may give one for all. */
  readonly prdr?: boolean;
  /** Further parameters of MAIL, sent as they are. */
  readonly parameters?: readonly EsmtpParameter[];
  /**
   * Aborting it ends the session. `send` rejects with the reason where certainly nothing was delivered, as before the end of
   * content; where somebody's copy was accepted, or may have been, with an `SmtpError` of kind `aborted` that says so.
   */
  readonly signal?: AbortSignal;
}

export interface SendResult {
  /** One for each recipient, in order: whether it was accepted, and the reply that decided it. */
  readonly recipients: readonly RecipientResult[];
  /** The server's reply to the content, where it came to that; the last of them where it came to that more than once. None in LMTP. */
  readonly reply: Reply | undefined;
}

export type Send = Extract<ClientIntent, { type: "send" }>;

/** In the making. */
type Intent = { -readonly [Name in keyof Send]: Send[Name] };

export interface OutgoingMessage {
  readonly intent: Send;
  readonly content: Exclude<MessageContent, string>;
}

/** A message with its content as it is held. Throws `InvalidValueError` for an address that is none. */
export function outgoing(message: Message, content: OutgoingMessage["content"]): OutgoingMessage {
  return { intent: sendIntent(message, content), content };
}

/** Octets up to which content that is at hand leaves in one go: more would hold up the replies, one of which may refuse it. */
const wholeLimit = 262_144;

function sendIntent(message: Message, content: OutgoingMessage["content"]): Send {
  const { from, size: known, body } = message;
  // From code without types.
  if (from === undefined)
    throw new InvalidValueError("from", "It is missing", "Pass the sender's address, or null for none");
  const intent: Intent = {
    type: "send",
    reversePath: typeof from === "string" ? reversePath(from) : from,
    recipients: recipientsOf(message).map(outgoingRecipient),
  };
  if (content instanceof Uint8Array) takeOctets(intent, content, body);
  else {
    if (known !== undefined) intent.size = known;
    // Of content that has not been read yet the worst has to be expected, unless the caller knows better.
    intent.eightBit = body !== "7BIT";
  }
  return asksForMore(message) ? { ...intent, ...requests(message) } : intent;
}

/** The session measures what it is given as a whole. */
function takeOctets(intent: Intent, content: Uint8Array, body: Message["body"]): void {
  if (content.length <= wholeLimit) {
    intent.content = content;
  } else if (body === "BINARYMIME") {
    intent.size = content.length;
  } else {
    const { size, eightBit } = measureContent(content);
    intent.size = size;
    intent.eightBit = eightBit;
  }
}

function asksForMore(message: Message): boolean {
  return (
    message.body !== undefined ||
    message.smtputf8 !== undefined ||
    message.dsn !== undefined ||
    message.deliverBy !== undefined ||
    message.holdFor !== undefined ||
    message.holdUntil !== undefined ||
    message.priority !== undefined ||
    message.requireTls !== undefined ||
    message.solicitation !== undefined ||
    message.prdr !== undefined ||
    message.parameters !== undefined
  );
}

function requests(message: Message): Partial<Send> {
  const { body, smtputf8, dsn, deliverBy, holdFor, holdUntil } = message;
  const { priority, requireTls, solicitation, prdr, parameters } = message;
  return present({
    body,
    smtputf8,
    ret: dsn?.ret,
    envid: dsn?.envid,
    deliverBy: deliverBy && { trace: false, ...deliverBy },
    holdFor,
    holdUntil: holdUntil === undefined ? undefined : epoch(holdUntil),
    priority,
    requireTls,
    solicitation,
    prdr,
    parameters,
  });
}

/** The fields that are there. */
function present<Fields extends object>(fields: Fields): Given<Fields> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Given<Fields>;
}

type Given<Fields> = { readonly [Name in keyof Fields]?: Exclude<Fields[Name], undefined> };

function epoch(time: Date | number): number {
  if (typeof time === "number") return time;
  if (time instanceof Date) return time.getTime();
  throw new InvalidValueError(
    `Time ${String(time)}`,
    "It is no Date and no number",
    "Pass a Date, or milliseconds since 1970",
  );
}

/** All recipients, in order. */
export function recipientsOf({ to }: Pick<Message, "to">): readonly RecipientLike[] {
  if (to === undefined || to === null)
    throw new InvalidValueError("to", "It is missing", "Pass a recipient's address, or several");
  return isList(to) ? to : [to];
}

function isList(to: Message["to"]): to is readonly RecipientLike[] {
  return Array.isArray(to);
}

function outgoingRecipient(given: RecipientLike): OutgoingRecipient {
  if (typeof given === "string") return { recipient: forwardPath(given) };
  if (!("recipient" in given)) return { recipient: given };
  const { recipient, notify, originalRecipient, validSince, parameters } = given;
  return {
    recipient: typeof recipient === "string" ? forwardPath(recipient) : recipient,
    ...present({
      notify: notify === "NEVER" ? [] : notify,
      originalRecipient: typeof originalRecipient === "string" ? addressed(originalRecipient) : originalRecipient,
      validSince: validSince && { ...validSince, since: epoch(validSince.since) },
      parameters,
    }),
  };
}

/** RFC 6533 §3: `rfc822` is for ASCII. */
function addressed(address: string): OriginalRecipient {
  const isAscii = Array.from(address).every((character) => character < "\x80");
  return { addressType: isAscii ? "rfc822" : "utf-8", address };
}
