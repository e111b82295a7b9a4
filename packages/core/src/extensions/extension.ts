// What an ESMTP extension brings to a server session: its EHLO keyword and its parameters. Never its transitions.

import type { EsmtpParameter } from "../grammar/parameters.ts";
import type { Reply } from "../grammar/reply.ts";

/** MAIL's parameters that the session understands, typed (RFC 1870, 6152, 6531, 4954). */
export interface MailParameters {
  /** Octets that the client announces (SIZE): an estimate, and beyond 2^53 itself only estimated. */
  readonly size?: number;
  readonly body?: "7BIT" | "8BITMIME";
  readonly smtputf8?: true;
  /** AUTH=: who submitted the message first; `null` for `AUTH=<>` (RFC 4954 §5). */
  readonly submitter?: string | null;
  /** All parameters as they were sent, in order. */
  readonly raw: readonly EsmtpParameter[];
}

/** What a session can offer at this moment. */
export interface Offer {
  /** Largest content in octets; `undefined`: no fixed limit. */
  readonly messageSize: number | undefined;
  readonly startTls: boolean;
  /** SASL mechanisms open to the client now, the preferred one first. */
  readonly mechanisms: readonly string[];
}

/** Reads one parameter of MAIL: its typed value, or the reply that refuses it. */
export type MailParameterReader = (
  value: string | undefined,
  offer: Offer,
) => { readonly typed: Omit<MailParameters, "raw"> } | { readonly refused: Reply };

export interface Extension {
  /** The EHLO line that announces it, or `undefined` when it cannot be had now. */
  announce(offer: Offer): string | undefined;
  /** Readers by parameter keyword, for MAIL. */
  readonly mailParameters?: Readonly<Record<string, MailParameterReader>>;
}
