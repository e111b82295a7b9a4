// What the application says to a server: handlers, one a step, and the session's options.

import type {
  ClientAttributes,
  Envelope,
  Mailbox,
  MailParameters,
  OAuthError,
  ProxyHeader,
  RecipientParameters,
  Reply,
  ReversePath,
  ScramHash,
  ServerCloseReason,
  ServerSessionOptions,
  TlsInfo,
} from "@carteiro/core";
import type { CommandHandlers } from "./commands.ts";
import type { Answer, Decision, MessageAnswer, ReferenceAnswer } from "./decisions.ts";
import type { Content } from "./content.ts";
import type { ClientFacts } from "./client-facts.ts";
import type { DeniableKeys, Finding } from "./credentials.ts";
import type { KeyStore } from "./key-store.ts";
import type { RateOptions, RateSubject } from "./rates.ts";
import type { Resolver } from "./resolver.ts";
import type { FindWitness } from "./witness.ts";
import type { WrapTransport } from "./wrapping.ts";

/** What is known of a session so far. */
export interface SessionInfo {
  /** Unique within the server. */
  readonly id: string;
  readonly remote: { readonly address?: string; readonly port?: number };
  readonly local: { readonly address?: string; readonly port?: number };
  /** The ends of the proxy's own connection, and what it said; `remote` and `local` are those that it named. */
  readonly proxy:
    | {
        readonly remote: { readonly address?: string; readonly port?: number };
        readonly local: { readonly address?: string; readonly port?: number };
        readonly header: ProxyHeader;
      }
    | undefined;
  /** What a trusted client has said of this one by XCLIENT; `remote`, `local`, `hello` and `identity` follow it. */
  readonly assumed: ClientAttributes | undefined;
  /** The name the client gave with HELO, or EHLO (`extended`); nobody has checked it. */
  readonly hello: { readonly name: string; readonly extended: boolean } | undefined;
  /** Present under TLS. */
  readonly tls: TlsInfo | undefined;
  /** Who the client is, once AUTH has succeeded. */
  readonly identity: string | undefined;
  /** The chart's state, for example `dialogue.idle.expectingMail`. */
  readonly state: string;
  /** What DNS says of the client: nothing is looked up until it is asked. */
  readonly facts: ClientFacts;
}

/** What every handler gets besides its own. */
export interface Step {
  readonly session: SessionInfo;
  /**
   * Aborted when the answer is not wanted any more: the connection is broken, the session is over, or so is the time to
   * decide. A client that has merely ended its side still hears the answer. What a handler throws because of the abort
   * makes no `error` event.
   */
  readonly signal: AbortSignal;
}

/**
 * One handler a step; each is optional, and without one the answer is yes. A handler answers `accept()`, `reject()` or
 * `disconnect()`, now or later; nothing means yes. One that throws, or answers what cannot be said at this step, answers
 * 451 4.3.0 and makes an `error` event. An answer that comes after the time to decide (`timeouts.decision`,
 * `timeouts.message`) is ignored: the client has been told 451.
 */
export interface ServerHandlers {
  /** A client has connected, and the greeting is due (RFC 5321 §3.1). */
  onConnection?(step: Step): Answer;
  /** HELO or EHLO. The client's name is not to be trusted. */
  onHello?(step: Step & { readonly name: string; readonly extended: boolean }): Answer;
  onStartTls?(step: Step): Answer;
  /** AUTH by PLAIN or LOGIN. Nothing said means no, here alone. */
  onAuthenticate?(
    step: Step & {
      readonly mechanism: string;
      readonly user: string;
      readonly password: string;
      /** On whose behalf, where the client asks for another identity. Only with `authentication.proxy`. */
      readonly authorizationIdentity?: string;
    },
  ): Decision | Promise<Decision>;
  /**
   * AUTH by SCRAM: the user's keys for the hash, as `deriveKeys` makes them, or nothing where there is no such user: the
   * client then fails where a wrong password does. Offered without more words: SCRAM-SHA-256.
   */
  scramKeys?(
    step: Step & {
      readonly mechanism: string;
      readonly hash: ScramHash;
      /** Prepared by SASLprep (RFC 4013). */
      readonly user: string;
      /** On whose behalf, where the client asks for another identity: `denied: true` beside the keys says no. Only with `authentication.proxy`. */
      readonly authorizationIdentity?: string;
    },
  ): Finding<DeniableKeys>;
  /**
   * AUTH by OAUTHBEARER or XOAUTH2: whom the token authenticates; why it is no good; or nothing. Where the client names a
   * `user`, it must be the same, except with `authentication.proxy`: then say the one that the token is for.
   */
  onToken?(
    step: Step & {
      readonly mechanism: string;
      readonly user?: string;
      readonly token: string;
      /** The server that the client believes to talk to (RFC 7628 §3.1). */
      readonly host?: string;
      readonly port?: number;
    },
  ): Finding<string | OAuthError>;
  /**
   * AUTH by EXTERNAL: whom the client certificate authenticates (`session.tls.clientCertificate`), or nothing. Where the
   * client asks for an identity, it must be the same, except with `authentication.proxy`.
   */
  onExternal?(step: Step & { readonly mechanism: string; readonly authorizationIdentity?: string }): Finding<string>;
  /** AUTH by ANONYMOUS: what to call the client, or nothing. `trace` is what it says of itself: believe none of it. */
  onAnonymous?(step: Step & { readonly mechanism: string; readonly trace: string }): Finding<string>;
  /** AUTH by CRAM-MD5, which must be named in `authentication.mechanisms`: the user's password itself, or nothing. */
  cramSecret?(step: Step & { readonly mechanism: string; readonly user: string }): Finding<string>;
  onMail?(step: Step & { readonly reversePath: ReversePath; readonly parameters: MailParameters }): Answer;
  /** RCPT. Not deciding here means relaying for everybody, if what you do with the message is to relay it. */
  onRecipient?(
    step: Step & { readonly recipient: Mailbox; readonly parameters: RecipientParameters; readonly envelope: Envelope },
  ): Answer;
  /** DATA, before the 354; or the first BDAT or BURL. */
  onData?(step: Step & { readonly envelope: Envelope }): Answer;
  /**
   * BURL (RFC 4468), where `extensions` have it: fetch what the URL refers to, and answer `fetched(octets)`. `last` says whether
   * the content ends with it. The URL may authorise whoever has it: keep it out of logs. Nothing said means no.
   */
  onReference?(
    step: Step & { readonly url: string; readonly last: boolean; readonly envelope: Envelope },
  ): ReferenceAnswer;
  /**
   * A message: called when the content begins. The answer is given at its end, and `accept` is a promise that the
   * message will not be lost (RFC 5321 §6.1). What of the content was not consumed is thrown away. Only `disconnect`
   * does not wait for the end. `eachRecipient` answers for each recipient by itself, as far as `repliesEach` says that the
   * client takes that: always over LMTP, over SMTP with PRDR.
   */
  onMessage?(
    step: Step & { readonly envelope: Envelope; readonly content: Content; readonly repliesEach: boolean },
  ): MessageAnswer;
  /** VRFY; `accept` alone answers 252. */
  onVerify?(step: Step & { readonly argument: string }): Answer;
  /** EXPN; `accept` alone answers 502. */
  onExpand?(step: Step & { readonly argument: string }): Answer;
  onHelp?(step: Step & { readonly argument: string | undefined }): Answer;
  onReset?(step: Step): Answer;
  /** One for each verb that `extensions` bring, for example `ETRN`. Here, too, nothing means yes: 250. */
  readonly commands?: CommandHandlers;
}

export interface ServerOptions
  extends Omit<ServerSessionOptions, "authentication" | "startTls" | "trace">, ServerHandlers {
  /**
   * Needs a handler that checks credentials, or `users`. Default: AUTH is offered where there is one, by the mechanisms that
   * they can do, and not required. `secret` is drawn at random, once per server, if it is not given.
   */
  readonly authentication?: NonNullable<ServerSessionOptions["authentication"]> & {
    /** Whether a client may act for another identity than its own (RFC 4616); the handlers must check it. Not with `users`. Default: no. */
    readonly proxy?: boolean;
    /** Knows who may log in, by SCRAM, PLAIN and LOGIN, in place of `onAuthenticate` and `scramKeys`. */
    readonly users?: KeyStore;
    /**
     * Checks of credentials at once over the whole server, by whichever handler or store: the others wait, and clients take
     * turns. Hashing on Node uses 4 threads, which files and DNS need, too. Default: 2; raise it for handlers that only wait.
     */
    readonly checksAtOnce?: number;
    /** Of those, from one address, or one IPv6 /64. Default: 4. */
    readonly checksPerClient?: number;
  };
  /**
   * Addresses and CIDR blocks of the clients that may say who others are, by XCLIENT and XFORWARD where `extensions` offer
   * them. Default: none.
   */
  readonly trusted?: readonly string[];
  readonly connections?: {
    /** Connections at once. Beyond: 421, or nothing where TLS would have to come first, and close. Default: 1,000. */
    readonly total?: number;
    /** Connections at once from one address, or one IPv6 /64, likewise. Default: 100. */
    readonly perAddress?: number;
  };
  /** How often one client may do a thing. Default: only failed authentications are counted. */
  readonly rates?: RateOptions;
  /** What `session.facts` asks. Default: the adapter's. */
  readonly resolver?: Resolver;
  /** Sees all that goes into each session and comes out of it, as `record` of @carteiro/testing does. Default: nobody. */
  readonly witness?: FindWitness;
  /** Stands between each session and its transport, as `faults` of @carteiro/testing does. Default: nobody. */
  readonly wrapTransport?: WrapTransport;
}

/** What a server tells while it runs. A listener that throws disturbs nobody: it makes an `error` event, unless it listened to `error`. */
export interface ServerEvents {
  sessionOpened: { readonly session: SessionInfo };
  sessionClosed: {
    readonly session: SessionInfo;
    readonly reason: ServerCloseReason;
    readonly reply?: Reply;
    /** What broke the connection, where something did. */
    readonly error?: unknown;
  };
  /** An exchange of AUTH came to nothing. `user`: whom the client claimed to be; nobody may be called so. */
  authenticationFailed: {
    readonly session: SessionInfo;
    readonly mechanism: string;
    readonly user?: string;
    readonly reply: Reply;
  };
  /** A recipient was refused by the application, or because its handler threw. */
  recipientRefused: { readonly session: SessionInfo; readonly recipient: Mailbox; readonly reply: Reply };
  /**
   * A transaction is over: with the promise of a 2xx reply, or refused, or forgotten (no reply). `replies` are there where
   * each recipient was answered by itself, in the order of the envelope; `reply` is positive if one of them is.
   */
  transactionEnded: {
    readonly session: SessionInfo;
    readonly envelope: Envelope;
    readonly reply?: Reply;
    readonly replies?: readonly Reply[];
  };
  /**
   * A handler threw, or what it answered could not be said, or the code of an extension failed (then `cause` is what it threw):
   * the client was told 451 4.3.0. Or a listener threw.
   */
  error: { readonly error: unknown; readonly session?: SessionInfo };
  /** A client was refused because it did too often what `rates` names. */
  rateExceeded: { readonly session: SessionInfo; readonly subject: RateSubject };
  /** A connection came to nothing before the greeting: its TLS handshake failed, or took too long, or no PROXY header came. */
  handshakeFailed: { readonly remote: SessionInfo["remote"]; readonly error: unknown };
  /** A line of a dialogue; made only while somebody listens when the session begins. Secrets are replaced by `*`. */
  trace: {
    readonly session: SessionInfo;
    readonly from: "client" | "server";
    readonly line: string;
    readonly state: string;
  };
}
