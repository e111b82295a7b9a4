// A message as a caller gives it, and what the session needs to know of it before the content.

import {
  forwardPath,
  reversePath,
  type ClientIntent,
  type EsmtpParameter,
  type EsmtpParameters,
  type Mailbox,
  type OutgoingRecipient,
  type ReversePath,
} from "@carteiro/core";
import { encoded, measure, type ContentSource } from "./outgoing-content.ts";

/** A recipient as an address, a mailbox, or with parameters of its own. */
export type RecipientLike =
  | string
  | Mailbox
  | { readonly recipient: string | Mailbox; readonly parameters?: EsmtpParameters };

export interface Message {
  /** Reverse-path: where notifications go. `null` for none, as notifications themselves have it (RFC 5321 §4.5.5). */
  readonly from: string | ReversePath;
  readonly to: RecipientLike | readonly RecipientLike[];
  /**
   * The message as it is to be sent, header and body. Dots are stuffed, bare CR and LF become CRLF (or abort, with
   * `bareNewlines: "reject"`), and a missing CRLF at the end is added. A stream or iterable is read once, when the server
   * is ready for it, and ended early where the session ends first.
   */
  readonly content: ContentSource;
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
  /** Further parameters of MAIL. */
  readonly parameters?: readonly EsmtpParameter[];
  /** Aborting it before the end of content has been sent means that nothing was sent. The session ends with it. */
  readonly signal?: AbortSignal;
}

export type Send = Extract<ClientIntent, { type: "send" }>;

export interface OutgoingMessage {
  readonly intent: Send;
  readonly content: Exclude<ContentSource, string>;
}

/** Throws `InvalidValueError` for an address that is none. */
export function outgoing(message: Message): OutgoingMessage {
  const content = encoded(message.content);
  return { intent: sendIntent(message, content), content };
}

function sendIntent(
  { from, to, smtputf8, parameters, body, ...message }: Message,
  content: OutgoingMessage["content"],
): Send {
  // Of content that has not been read yet the worst has to be expected.
  const { size, eightBit } =
    content instanceof Uint8Array ? measure(content, body) : { size: message.size, eightBit: true };
  return {
    type: "send",
    reversePath: typeof from === "string" ? reversePath(from) : from,
    recipients: (isList(to) ? to : [to]).map(outgoingRecipient),
    eightBit,
    ...(size !== undefined && { size }),
    ...(body !== undefined && { body }),
    ...(smtputf8 !== undefined && { smtputf8 }),
    ...(parameters !== undefined && { parameters }),
  };
}

function isList(to: Message["to"]): to is readonly RecipientLike[] {
  return Array.isArray(to);
}

function outgoingRecipient(given: RecipientLike): OutgoingRecipient {
  if (typeof given === "string") return { recipient: forwardPath(given) };
  if (!("recipient" in given)) return { recipient: given };
  const { recipient, parameters } = given;
  return {
    recipient: typeof recipient === "string" ? forwardPath(recipient) : recipient,
    ...(parameters !== undefined && { parameters }),
  };
}
