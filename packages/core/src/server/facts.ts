// What the server's chart (machine.ts) is told: events, and the facts that its guards read.

import type { Guards } from "../engine/runner.ts";

/** What guards may know of the session besides its state. */
export interface ServerFacts {
  /** The dialogue is LMTP (RFC 2033), not SMTP. */
  readonly lmtp: boolean;
  /** The greeting is held back for a while, and whoever speaks before it is sent away. */
  readonly greetPaused: boolean;
  /** STARTTLS can be had: the application offers TLS, and the session is in the clear. */
  readonly tlsOffered: boolean;
  /** The application wants no mail in the clear, and the session is. */
  readonly tlsMissing: boolean;
  /** AUTH would be possible, but only under TLS. */
  readonly authNeedsTls: boolean;
  /** Some SASL mechanism is open to the client now. */
  readonly authOffered: boolean;
  /** The application wants no mail from strangers, and the client is one. */
  readonly authMissing: boolean;
  readonly authenticated: boolean;
  /** BDAT is not to be had. */
  readonly chunkingMissing: boolean;
  /** BURL is not to be had. */
  readonly burlMissing: boolean;
  /** The transaction's content was declared as BINARYMIME, which only BDAT can send (RFC 3030 §3). */
  readonly binaryContent: boolean;
  /** The content being received cannot be accepted any more: too large, or with bare newlines. */
  readonly contentRefused: boolean;
  /** The extension's command that has come is for this phase of the dialogue. */
  readonly verbAllowed: boolean;
  /** A PROXY header comes first. */
  readonly proxied: boolean;
  /** Behind it, TLS begins before the greeting. */
  readonly tlsFirst: boolean;
}

/** Made anew for each session, by a literal: a copy by spread would be kept as a dictionary. */
export const newServerFacts = (): { -readonly [Name in keyof ServerFacts]: boolean } => ({
  greetPaused: false,
  lmtp: false,
  tlsOffered: false,
  tlsMissing: false,
  authNeedsTls: false,
  authOffered: false,
  authMissing: false,
  authenticated: false,
  chunkingMissing: false,
  burlMissing: false,
  binaryContent: false,
  contentRefused: false,
  verbAllowed: false,
  proxied: false,
  tlsFirst: false,
});

export const initialServerFacts: ServerFacts = newServerFacts();

/** Commands by their verb, as they were found well formed; the rest is past participles of the session's own. */
export type ServerMachineEvent = {
  readonly type:
    | "connected"
    | "HELO"
    | "EHLO"
    | "LHLO"
    | "MAIL"
    | "RCPT"
    | "DATA"
    | "BDAT"
    | "BURL"
    | "RSET"
    | "NOOP"
    | "QUIT"
    | "VRFY"
    | "EXPN"
    | "HELP"
    | "STARTTLS"
    | "AUTH"
    | "extension"
    | "XCLIENT"
    | "XFORWARD"
    | "proxied"
    | "unrecognised"
    | "malformed"
    | "accept"
    | "reject"
    | "answer"
    | "dismiss"
    | "responded"
    | "computed"
    | "challenged"
    | "computing"
    | "questioned"
    | "identified"
    | "verified"
    | "failed"
    | "cancelled"
    | "garbled"
    | "contentEnded"
    | "chunkEnded"
    | "chunkDiscarded"
    | "secured"
    | "shutDown"
    | "violated"
    | "elapsed"
    | "expired"
    | "ended";
};

export const serverGuards = {
  greetPaused: ({ context }) => context.greetPaused,
  lmtp: ({ context }) => context.lmtp,
  tlsOffered: ({ context }) => context.tlsOffered,
  tlsMissing: ({ context }) => context.tlsMissing,
  authNeedsTls: ({ context }) => context.authNeedsTls,
  authOffered: ({ context }) => context.authOffered,
  authMissing: ({ context }) => context.authMissing,
  authenticated: ({ context }) => context.authenticated,
  chunkingMissing: ({ context }) => context.chunkingMissing,
  burlMissing: ({ context }) => context.burlMissing,
  binaryContent: ({ context }) => context.binaryContent,
  contentRefused: ({ context }) => context.contentRefused,
  verbAllowed: ({ context }) => context.verbAllowed,
  proxied: ({ context }) => context.proxied,
  tlsFirst: ({ context }) => context.tlsFirst,
} satisfies Guards<ServerFacts, ServerMachineEvent>;
