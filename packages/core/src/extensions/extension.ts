// What an ESMTP extension brings to a session: its EHLO keyword, its parameters and its verbs. Never its transitions.

import type { EsmtpParameter } from "../grammar/parameters.ts";
import type { Reply } from "../grammar/reply.ts";
import type { DeliverBy } from "./deliver-by.ts";
import type { NotifyCondition, OriginalRecipient } from "./dsn.ts";
import type { ValidSince } from "./rrvs.ts";

/** MAIL's parameters that the session understands, typed. A field is there only where its parameter was sent. */
export interface MailParameters {
  /** Octets that the client announces (SIZE, RFC 1870): an estimate, and beyond 2^53 itself only estimated. */
  readonly size?: number;
  /** BODY (RFC 6152, RFC 3030). Content of `BINARYMIME` comes by BDAT alone. */
  readonly body?: "7BIT" | "8BITMIME" | "BINARYMIME";
  /** SMTPUTF8 (RFC 6531). */
  readonly smtputf8?: true;
  /** AUTH=: who submitted the message first; `null` for `AUTH=<>` (RFC 4954 §5). */
  readonly submitter?: string | null;
  /** RET: whether a report of failure brings back the whole message or its header alone (RFC 3461 §4.3). */
  readonly ret?: "FULL" | "HDRS";
  /** ENVID: the sender's name for this envelope, for reports, decoded (RFC 3461 §4.4). */
  readonly envid?: string;
  /** BY: until when delivery is of use, and what then (RFC 2852). */
  readonly deliverBy?: DeliverBy;
  /** HOLDFOR: seconds to hold the message back, 1 to 999,999,999 (RFC 4865). Never with `holdUntil`. */
  readonly holdFor?: number;
  /** HOLDUNTIL: when to release the message, in milliseconds since 1970 (RFC 4865). Never with `holdFor`. */
  readonly holdUntil?: number;
  /** MT-PRIORITY: -9 (lowest) to 9 (RFC 6710). What the sender asks for, not what it may have. */
  readonly priority?: number;
  /** REQUIRETLS: pass the message on over verified TLS alone (RFC 8689). */
  readonly requireTls?: true;
  /** SOLICIT: the classes of solicitation that the message belongs to (RFC 3865). */
  readonly solicitation?: readonly string[];
  /** PRDR: the client takes a reply for each recipient after the content. */
  readonly prdr?: true;
  /** All parameters as they were sent, in order. */
  readonly raw: readonly EsmtpParameter[];
}

/** RCPT's parameters that the session understands, typed. A field is there only where its parameter was sent. */
export interface RecipientParameters {
  /** NOTIFY: when the sender wants a report; none at all for `NEVER` (RFC 3461 §4.1). */
  readonly notify?: readonly NotifyCondition[];
  /** ORCPT: the recipient as the message's first sender named it (RFC 3461 §4.2, RFC 6533). */
  readonly originalRecipient?: OriginalRecipient;
  /** RRVS: since when the mailbox must have been the same person's (RFC 7293). */
  readonly validSince?: ValidSince;
  /** All parameters as they were sent, in order. */
  readonly raw: readonly EsmtpParameter[];
}

/** What a session can offer at this moment. */
export interface Offer {
  /** Largest content in octets; `undefined`: no fixed limit. */
  readonly messageSize: number | undefined;
  readonly startTls: boolean;
  /** Whether the session is under TLS already. */
  readonly secured: boolean;
  /** Whether the client is one of those that may say who others are (XCLIENT, XFORWARD). */
  readonly trusted: boolean;
  readonly protocol: "smtp" | "lmtp";
  /** SASL mechanisms open to the client now, the preferred one first. */
  readonly mechanisms: readonly string[];
}

/** What reads one parameter: its typed value, or the reply that refuses it. */
export type ParameterReader<Parameters> = (
  value: string | undefined,
  offer: Offer,
) => { readonly typed: Omit<Parameters, "raw"> } | { readonly refused: Reply };

export type MailParameterReader = ParameterReader<MailParameters>;
export type RecipientParameterReader = ParameterReader<RecipientParameters>;

/**
 * Where in the dialogue a verb may come:
 * - `beforeHello`: while the client has not introduced itself, in this session or since STARTTLS.
 * - `betweenTransactions`: after EHLO (or HELO, or LHLO), while no transaction is open.
 * - `inTransaction`: from an accepted MAIL on, up to the content.
 */
export type Phase = "beforeHello" | "betweenTransactions" | "inTransaction";

/** A command of an extension's own. */
export interface ExtensionVerb<Value = unknown> {
  /** Where it may come; anywhere else it is answered 503 5.5.1. */
  readonly phases: readonly Phase[];
  /** Whether it is for trusted clients alone; for others it is answered 550 5.7.0. Default: no. */
  readonly trustedOnly?: boolean;
  /**
   * Reads what follows the verb, without white space around it: printable ASCII, empty where there is nothing. Gives plain
   * data for the application, or the reply (4xx or 5xx) that refuses it. Must not throw: that is answered 451 4.3.0, and told as an error. A
   * 421 ends the session.
   */
  read(argument: string, offer: Offer): { readonly value: Value } | { readonly refused: Reply };
}

export interface Extension {
  /** Its EHLO keyword, in upper case. */
  readonly keyword: string;
  /** The EHLO line that announces it, or `undefined` when it cannot be had now. */
  announce(offer: Offer): string | undefined;
  /** Readers by parameter keyword, for MAIL. */
  readonly mailParameters?: Readonly<Record<string, MailParameterReader>>;
  /** Its commands by their verb, in upper case. */
  readonly verbs?: Readonly<Record<string, ExtensionVerb>>;
  /** Readers by parameter keyword, for RCPT. */
  readonly recipientParameters?: Readonly<Record<string, RecipientParameterReader>>;
  /** The reply that refuses MAIL's parameters together, each of which was read, or `undefined`. */
  checkMail?(parameters: MailParameters): Reply | undefined;
  /** The same for RCPT's. */
  checkRecipient?(parameters: RecipientParameters): Reply | undefined;
}
