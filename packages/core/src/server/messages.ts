// What a server session and its application say to each other: events out, intents in. All of it is plain data.

import type { MailParameters, RecipientParameters } from "../extensions/extension.ts";
import type { ClientAttributes } from "../extensions/xclient.ts";
import type { ForwardedAttributes } from "../extensions/xforward.ts";
import type { Mailbox, ReversePath } from "../grammar/address.ts";
import type { ProxyHeader } from "../grammar/proxy-header.ts";
import type { Reply } from "../grammar/reply.ts";
import type { Credentials, ServerAnswer, ServerQuestion } from "../sasl/mechanism.ts";
import type { TlsInfo } from "../session.ts";

/** Where in the dialogue a state is, for commands of extensions. */
export type { Phase } from "../extensions/extension.ts";

/** The steps of a session at which the application has a say. */
export type DecisionSubject =
  | "connection"
  | "hello"
  | "startTls"
  | "authentication"
  | "credentials"
  | "mail"
  | "recipient"
  | "data"
  | "reference"
  | "message"
  | "verify"
  | "expand"
  | "help"
  | "reset"
  | "command";

/** Names of the deadlines that states name in their `meta.timeout`; their lengths are in `ServerTimeouts`, but for `greetPause`. */
export type ServerTimeout = "command" | "content" | "decision" | "message" | "tls" | "proxy" | "greetPause";

export interface EnvelopeRecipient {
  readonly recipient: Mailbox;
  readonly parameters: RecipientParameters;
}

/** What MAIL and the accepted RCPTs said: the object of a transaction (RFC 5598 §2.2.3, RFC 5321 §2.3.1). */
export interface Envelope {
  readonly reversePath: ReversePath;
  readonly parameters: MailParameters;
  readonly recipients: readonly EnvelopeRecipient[];
  /** What a trusted client said by XFORWARD of whom it has the message from. */
  readonly forwarded?: ForwardedAttributes;
}

/** A question to the application. The session waits for `accept`, `reject` or `dismiss` with the same number. */
export type ServerDecision = { readonly decision: number } & (
  | { readonly type: "connectionReceived" }
  | { readonly type: "helloReceived"; readonly name: string; readonly extended: boolean }
  | { readonly type: "startTlsReceived" }
  | { readonly type: "authenticationReceived"; readonly credentials: Credentials }
  | { readonly type: "mailReceived"; readonly reversePath: ReversePath; readonly parameters: MailParameters }
  | {
      readonly type: "recipientReceived";
      readonly recipient: Mailbox;
      readonly parameters: RecipientParameters;
      readonly envelope: Envelope;
    }
  /** DATA, or the first BDAT or BURL: then there is no 354, and a reply given with `accept` is not said. */
  | { readonly type: "dataReceived"; readonly envelope: Envelope }
  /** BURL (RFC 4468): fetch what the URL refers to, and accept with it as `content`. No reply given with it is said. */
  | {
      readonly type: "referenceReceived";
      /** As the client sent it; it may authorise whoever has it (RFC 4467). */
      readonly url: string;
      /** Whether the content ends with it. */
      readonly last: boolean;
      readonly envelope: Envelope;
    }
  | {
      readonly type: "messageReceived";
      readonly envelope: Envelope;
      /** Octets of content. */
      readonly size: number;
      /** Whether the client takes a reply for each recipient: then some may be accepted, and others refused. */
      readonly repliesEach: boolean;
    }
  | { readonly type: "verifyReceived"; readonly argument: string }
  | { readonly type: "expandReceived"; readonly argument: string }
  | { readonly type: "helpReceived"; readonly argument: string | undefined }
  | { readonly type: "resetReceived" }
  /** A command of an extension's own. */
  | {
      readonly type: "commandReceived";
      /** In upper case. */
      readonly verb: string;
      /** What the extension made of the argument. */
      readonly value: unknown;
      /** What follows the verb, as it was sent; empty for nothing. */
      readonly argument: string;
      /** Within a transaction. */
      readonly envelope?: Envelope;
    }
);

/**
 * What a SASL mechanism asks in the midst of its exchange. The session waits for `answer`, with the answer that the
 * question names, or for `reject`, which fails the exchange as one that cannot be had now.
 */
export type CredentialsDecision = { readonly decision: number } & ServerQuestion;

/** Why a session ended. `quit` and `disconnected` are the client's doing, `dismissed` and `shutDown` the application's. */
export type ServerCloseReason = "quit" | "disconnected" | "timeout" | "violation" | "dismissed" | "shutDown";

export type ServerEvent =
  | ServerDecision
  | CredentialsDecision
  /** A decision was not taken in time and has been answered with a 4xx reply; a late answer throws. */
  | { readonly type: "decisionExpired"; readonly decision: number; readonly about: DecisionSubject }
  /** The content begins: 354 has been answered. `repliesEach` is as in `messageReceived`. */
  | { readonly type: "contentStarted"; readonly envelope: Envelope; readonly repliesEach: boolean }
  /** A slice of the content as it was received, without the dots of transparency. */
  | { readonly type: "contentReceived"; readonly bytes: Uint8Array }
  /** The rest of the content is read and thrown away; once it has ended, this reply is given. */
  | { readonly type: "contentRefused"; readonly reply: Reply }
  /** The connection ended, or the session was ended, before the content had. */
  | { readonly type: "contentAborted" }
  /**
   * The transaction is over: with a promise (2xx), without (4xx, 5xx), or forgotten by RSET, EHLO or the end (no reply).
   * Where each recipient was answered by itself, `replies` are those answers in the order of the recipients, and `reply`
   * is positive if one of them is.
   */
  | {
      readonly type: "transactionEnded";
      readonly envelope: Envelope;
      readonly reply?: Reply;
      readonly replies?: readonly Reply[];
    }
  /** An exchange of AUTH came to nothing: the credentials are not good, or cannot be checked. `user`: as the client claims. */
  | { readonly type: "authenticationFailed"; readonly mechanism: string; readonly user?: string; readonly reply: Reply }
  /** A mechanism of the application's own threw, or said what is no step: the client was told 454 4.7.0. */
  | { readonly type: "mechanismFailed"; readonly error: unknown }
  | { readonly type: "authenticated"; readonly identity: string; readonly mechanism: string }
  | { readonly type: "tlsStarted"; readonly tls: TlsInfo }
  /** A proxy said whose connection it passes on; before `connectionReceived`. */
  | { readonly type: "proxied"; readonly header: ProxyHeader }
  /** What came instead of a PROXY header; the session ends without a word. */
  | { readonly type: "proxyHeaderRefused"; /** In English. */ readonly problem: string }
  /** A trusted client said by XCLIENT whom the session is with from now on; it begins anew. What is not there stays as it was. */
  | { readonly type: "clientAssumed"; readonly attributes: ClientAttributes }
  /** The code of a listed extension failed; the client was told 451 4.3.0. */
  | {
      readonly type: "extensionFailed";
      /** What of it: for example `verb XQUOTA`, `parameter XRETAIN`, or `keyword XSTORAGE` in the reply to EHLO. */
      readonly part: string;
      /** What the error says. */
      readonly problem: string;
      /** What was thrown: as it is, for those who are in the same process. */
      readonly error: unknown;
    }
  /** Only with `trace: true`: a line of the dialogue as it passed, without CRLF; secrets are replaced by `*`. */
  | { readonly type: "lineTraced"; readonly from: "client" | "server"; readonly line: string; readonly state: string }
  | { readonly type: "sessionClosed"; readonly reason: ServerCloseReason; readonly reply?: Reply };

export type ServerIntent =
  /** Positive answer; without a reply of its own the usual one is given. The reply's class must fit: 2xx, or 354 for `data`. */
  | {
      readonly type: "accept";
      readonly decision: number;
      readonly reply?: Reply;
      /**
       * Only for `messageReceived`: what is answered for each recipient, in the order of the envelope: 2xx, 4xx or 5xx but
       * 421, or nothing for the usual reply. Where `repliesEach` is not set, they must come to the same.
       */
      readonly recipients?: readonly (Reply | undefined)[];
      /** Only for `referenceReceived`: the octets that the URL refers to. */
      readonly content?: Uint8Array;
    }
  /** Negative answer, 4xx or 5xx. A 421 also closes the connection (RFC 5321 §3.8). */
  | { readonly type: "reject"; readonly decision: number; readonly reply: Reply }
  /** What a mechanism asked for. */
  | { readonly type: "answer"; readonly decision: number; readonly answer: ServerAnswer }
  /** Says the reply (4xx or 5xx) and closes, at any time. A pending decision is void. */
  | { readonly type: "dismiss"; readonly reply: Reply }
  /** The client is found to be one that may use XCLIENT and XFORWARD, as behind a proxy is only known once it has said who it is. */
  | { readonly type: "trust" }
  /** Closes with 421 as soon as no transaction is open. */
  | { readonly type: "shutDown"; readonly reply?: Reply };
