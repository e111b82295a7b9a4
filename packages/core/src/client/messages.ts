// What a client session and its application say to each other: events out, intents in. All of it is plain data.

import type { DeliverBy } from "../extensions/deliver-by.ts";
import type { NotifyCondition, OriginalRecipient } from "../extensions/dsn.ts";
import type { ValidSince } from "../extensions/rrvs.ts";
import type { Mailbox, ReversePath } from "../grammar/address.ts";
import type { Capabilities } from "../grammar/capabilities.ts";
import type { EsmtpParameter } from "../grammar/parameters.ts";
import type { Reply } from "../grammar/reply.ts";
import type { ClientCredentials } from "../sasl/credentials.ts";
import type { OAuthError } from "../sasl/oauth-error.ts";
import type { TlsInfo } from "../session.ts";

/** Names of the deadlines that states name in their `meta.timeout`; their lengths are in `ClientTimeouts`. */
export type ClientTimeout =
  | "greeting"
  | "hello"
  | "command"
  | "data"
  | "block"
  | "contentEnd"
  | "quit"
  | "tls"
  | "idle";

/** Why a session or a transaction came to nothing. */
export type FailureKind =
  /** The server said no: at the greeting, to EHLO, or while content was on its way. */
  | "refused"
  /** TLS is required, and the server does not offer it or could not provide it. */
  | "tlsUnavailable"
  /** The TLS handshake came to nothing: a certificate that is not trusted or names another, or no common version. */
  | "tlsFailed"
  /**
   * No mechanism for the credentials: none in common, or none that is safe without TLS or that can be carried out. Or the
   * server cannot authenticate anybody now (454), or not by this mechanism (504): `reply` says so.
   */
  | "authUnavailable"
  /** The server refused the credentials: they are wrong, or it wants others. */
  | "authRefused"
  /** By SCRAM: the server did not prove that it knows the password, or let us in before it had. It may be somebody else. */
  | "authUntrusted"
  /** The server said 421: it is closing the connection. */
  | "serviceClosing"
  | "timeout"
  | "disconnected"
  /** The server broke the protocol; of a SASL exchange, too, with a challenge that makes no sense or a success too early. */
  | "protocol"
  /** The application aborted. */
  | "aborted"
  /** The server takes no more transactions, or no more domains, in this session (LIMITS, RFC 9422). Told by drivers alone. */
  | "exhausted";

export interface Failure {
  readonly kind: FailureKind;
  /** The state in which it happened, as the chart names it. */
  readonly during: string;
  /** The reply that brought it about, where there was one. */
  readonly reply?: Reply;
  /** What the server said of a token that it refused (RFC 7628 §3.2.2). */
  readonly oauthError?: OAuthError;
  /** What exactly was wrong, for people. */
  readonly detail?: string;
}

export interface OutgoingRecipient {
  readonly recipient: Mailbox;
  /** When reports are wanted; an empty list for never (NOTIFY, RFC 3461 §4.1). */
  readonly notify?: readonly NotifyCondition[];
  /** The recipient as the message's first sender named it (ORCPT, RFC 3461 §4.2). */
  readonly originalRecipient?: OriginalRecipient;
  /** Since when the mailbox must have been the same person's (RRVS, RFC 7293). */
  readonly validSince?: ValidSince;
  /** Further parameters of RCPT, as they are. */
  readonly parameters?: readonly EsmtpParameter[];
}

/** The outcome for one recipient. */
export interface RecipientResult {
  readonly recipient: Mailbox;
  /** Whether the server took responsibility for the message to this recipient. */
  readonly accepted: boolean;
  /** The reply that decided it: to RCPT, MAIL or DATA where they were refused, else to the content. None: the session ended before. */
  readonly reply?: Reply;
  /** The server may have accepted it although no reply says so; see `TransactionResult.uncertain`. */
  readonly uncertain?: true;
}

export interface TransactionResult {
  /** One for each recipient given, in the same order. */
  readonly recipients: readonly RecipientResult[];
  /** The reply to the content as a whole, where it came to that. In LMTP each recipient has its own instead. */
  readonly reply?: Reply;
  /**
   * Whether the server may have accepted the message, for those recipients that say so themselves, although no reply says
   * so: the end of content was sent, and the session ended before the answer. Sending again may then duplicate the
   * message (RFC 1047).
   */
  readonly uncertain: boolean;
  readonly failure?: Failure;
}

export type ClientEvent =
  /** The session is open: mail can be sent. */
  | {
      readonly type: "opened";
      readonly greeting: Reply;
      readonly capabilities: Capabilities;
      readonly identity: string | undefined;
    }
  /** The session cannot be opened. It says QUIT, and `sessionClosed` follows when that is answered or its time is over. */
  | { readonly type: "openingFailed"; readonly failure: Failure }
  | { readonly type: "tlsStarted"; readonly tls: TlsInfo }
  /**
   * Only with `credentials: "onDemand"`: submit `authenticate`. Asked again, once, the credentials given before were
   * refused: `reply` says so, and `refused` why, where the server told of a token.
   */
  | { readonly type: "credentialsWanted"; readonly refused?: OAuthError; readonly reply?: Reply }
  /** The content may come: submit `content` any number of times, then `endContent`. */
  | { readonly type: "contentWanted" }
  /** The server has refused the content before its end. Submit no more of it: `transactionEnded` follows. */
  | { readonly type: "contentRefused"; readonly reply: Reply }
  | { readonly type: "transactionEnded"; readonly result: TransactionResult }
  /** The reply to what `ask` asked, or to `command`. Never 3yz: a server that waits for more ends the session. */
  | { readonly type: "answered"; readonly reply: Reply }
  /** Only with `trace: true`: a line of the dialogue as it passed, without CRLF; secrets are replaced by `*`. */
  | { readonly type: "lineTraced"; readonly from: "client" | "server"; readonly line: string; readonly state: string }
  /** It is over; `failure` where it did not end by `quit` or idling. */
  | { readonly type: "sessionClosed"; readonly failure?: Failure };

export type ClientIntent =
  /**
   * Throws `LocalProtocolError` where the server does not offer what the message asks for: nothing that was asked for is
   * left out in silence. Only SIZE, and BODY for `eightBit`, are sent where they are offered.
   */
  | {
      readonly type: "send";
      readonly reversePath: ReversePath;
      /**
       * Octets of content where known: SIZE is sent when it is offered (RFC 1870). Where `content` is given, this and
       * `eightBit` are found out by looking.
       */
      readonly size?: number;
      /** Whether the content may hold octets over 127: BODY=8BITMIME is sent when it is offered (RFC 6152). Not with `body: "7BIT"`. */
      readonly eightBit?: boolean;
      /**
       * What the content is, where it must be said: without 8BITMIME or BINARYMIME on offer it is not sent. `BINARYMIME`
       * content goes by BDAT, its octets as they are (RFC 3030 §3).
       */
      readonly body?: "7BIT" | "8BITMIME" | "BINARYMIME";
      /** Whether the content's header holds UTF-8; a non-ASCII address implies it (RFC 6531). */
      readonly smtputf8?: boolean;
      /** What a report of failure is to bring back: the message, or its header (DSN, RFC 3461 §4.3). */
      readonly ret?: "FULL" | "HDRS";
      /** A name for this envelope, for reports: printable ASCII (DSN, RFC 3461 §4.4). */
      readonly envid?: string;
      /** Until when delivery is of use, and what then (DELIVERBY, RFC 2852). */
      readonly deliverBy?: DeliverBy;
      /** Seconds for the server to hold the message back (FUTURERELEASE, RFC 4865). */
      readonly holdFor?: number;
      /** When the server is to release the message, in milliseconds since 1970 (FUTURERELEASE, RFC 4865). */
      readonly holdUntil?: number;
      /** -9 to 9 (MT-PRIORITY, RFC 6710). */
      readonly priority?: number;
      /** Pass the message on over verified TLS alone, beginning with this connection (REQUIRETLS, RFC 8689). */
      readonly requireTls?: boolean;
      /** Classes of solicitation that the message belongs to (NO-SOLICITING, RFC 3865). */
      readonly solicitation?: readonly string[];
      /** Asks for a reply to the content for each recipient, which the server may give or not (PRDR, as Exim has it). */
      readonly prdr?: boolean;
      /** Further parameters of MAIL, as they are. */
      readonly parameters?: readonly EsmtpParameter[];
      /** At least one. */
      readonly recipients: readonly OutgoingRecipient[];
      /**
       * The content, where it is at hand as a whole and not large: it leaves as soon as the server is ready, and
       * `contentWanted` is not told. It must not change before `transactionEnded`.
       */
      readonly content?: Uint8Array;
    }
  /** What `credentialsWanted` asked for. */
  | { readonly type: "authenticate"; readonly credentials: ClientCredentials }
  | { readonly type: "content"; readonly bytes: Uint8Array }
  | { readonly type: "endContent" }
  | { readonly type: "ask"; readonly verb: "NOOP" | "RSET" }
  | { readonly type: "ask"; readonly verb: "VRFY" | "EXPN" | "HELP"; readonly argument: string }
  /**
   * A command of one of the `extensions` in the options, whose EHLO keyword the server offers, and whose verb may come between
   * transactions: within one it cannot be sent. Answered like a question.
   */
  | { readonly type: "command"; readonly verb: string; readonly argument?: string }
  /** Says goodbye; only when nothing is under way. */
  | { readonly type: "quit" }
  /** Ends at once, at any time. */
  | { readonly type: "abort" };
