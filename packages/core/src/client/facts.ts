// What the client's chart (machine.ts) is told: events, and the facts that its guards read.

import type { Guards } from "../engine/runner.ts";

/** What guards may know of the session besides its state. */
export interface ClientFacts {
  /** TLS must be had before anything of value is said, and the server does not offer it. */
  readonly tlsUnavailable: boolean;
  /** TLS is to be asked for now. */
  readonly tlsWanted: boolean;
  /** Without TLS the session must not go on. */
  readonly tlsRequired: boolean;
  /** Credentials were given, have not been used yet, and there is a mechanism for them. */
  readonly authWanted: boolean;
  /** Credentials were given, and there is no mechanism for them. */
  readonly authUnavailable: boolean;
  /** The application is to be asked for credentials, for the first time or since those it gave were refused. */
  readonly credentialsDue: boolean;
  /** The mechanism makes the server prove itself, too. */
  readonly serverProves: boolean;
  /** The reply to AUTH says that it cannot be had like this, whatever the credentials. */
  readonly mechanismRefused: boolean;
  /** MAIL, RCPTs and, unless it is chunked, DATA have been written in one group: each of them will be answered. */
  readonly pipelined: boolean;
  /** The recipient whose reply is awaited is not the last. */
  readonly moreRecipients: boolean;
  /** A reply to DATA will come: it has been written already, or there is somebody to send to. */
  readonly dataDue: boolean;
  /** Some recipient has been accepted in this transaction. */
  readonly recipientAccepted: boolean;
  /** The content goes by BDAT: there is no DATA. */
  readonly chunked: boolean;
  /** The content would go by BDAT, and MAIL has been refused: only the recipients written with it are still answered. */
  readonly nothingToSend: boolean;
  /** A chunk that is not the last awaits its reply. */
  readonly chunkAwaited: boolean;
  /** And another one awaits its own; once the content has been refused, the last one counts as well. */
  readonly moreChunks: boolean;
  /** The content has been refused, and the reply awaited is that to the last chunk. */
  readonly lastChunkAwaited: boolean;
  /** The dialect is LMTP: the content is answered for each recipient that was accepted (RFC 2033). */
  readonly lmtp: boolean;
  /** MAIL asked for a reply to the content for each recipient, over SMTP (PRDR). */
  readonly prdr: boolean;
  /** The accepted recipient whose reply to the content is awaited is not the last. */
  readonly moreVerdicts: boolean;
}

export const initialClientFacts: ClientFacts = {
  tlsUnavailable: false,
  tlsWanted: false,
  tlsRequired: false,
  authWanted: false,
  authUnavailable: false,
  credentialsDue: false,
  serverProves: false,
  mechanismRefused: false,
  pipelined: false,
  moreRecipients: false,
  dataDue: false,
  recipientAccepted: false,
  chunked: false,
  nothingToSend: false,
  chunkAwaited: false,
  moreChunks: false,
  lastChunkAwaited: false,
  lmtp: false,
  prdr: false,
  moreVerdicts: false,
};

export type ClientMachineEvent = {
  readonly type:
    | "2yz"
    | "3yz"
    | "4yz"
    | "5yz"
    | "421"
    | "weighed"
    | "secured"
    | "authenticate"
    | "responded"
    | "concluded"
    | "computing"
    | "computed"
    | "unusable"
    | "garbled"
    | "denied"
    | "distrusted"
    | "incomputable"
    | "send"
    | "endContent"
    | "ask"
    | "quit"
    | "abort"
    | "violated"
    | "elapsed"
    | "ended";
};

export const clientGuards = {
  tlsUnavailable: ({ context }) => context.tlsUnavailable,
  tlsWanted: ({ context }) => context.tlsWanted,
  tlsRequired: ({ context }) => context.tlsRequired,
  authWanted: ({ context }) => context.authWanted,
  authUnavailable: ({ context }) => context.authUnavailable,
  credentialsDue: ({ context }) => context.credentialsDue,
  serverProves: ({ context }) => context.serverProves,
  mechanismRefused: ({ context }) => context.mechanismRefused,
  pipelined: ({ context }) => context.pipelined,
  moreRecipients: ({ context }) => context.moreRecipients,
  dataDue: ({ context }) => context.dataDue,
  recipientAccepted: ({ context }) => context.recipientAccepted,
  chunked: ({ context }) => context.chunked,
  nothingToSend: ({ context }) => context.nothingToSend,
  chunkAwaited: ({ context }) => context.chunkAwaited,
  moreChunks: ({ context }) => context.moreChunks,
  lastChunkAwaited: ({ context }) => context.lastChunkAwaited,
  lmtp: ({ context }) => context.lmtp,
  prdr: ({ context }) => context.prdr,
  moreVerdicts: ({ context }) => context.moreVerdicts,
} satisfies Guards<ClientFacts, ClientMachineEvent>;
