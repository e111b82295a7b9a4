// How a client session comes to each of its states, for tests that go through all of them.

import {
  clientProfile,
  ClientSession,
  mailbox,
  type ClientEvent,
  type ClientIntent,
  type ClientSessionOptions,
  type ClientTimeout,
} from "@carteiro/core";
import { octetsOf, SessionHarness } from "../../support/session-harness.ts";

export type ClientHarness = SessionHarness<ClientIntent, ClientEvent>;
export type Options = Omit<ClientSessionOptions, "hostname">;

/** What happens on the way: replies of the server, without CRLF, and intents. */
type Step = string | ClientIntent;

interface Way {
  readonly steps: readonly Step[];
  readonly timeout: ClientTimeout;
  readonly options?: Options;
  /** Whether what the session needs computed never comes. */
  readonly computesNothing?: boolean;
}

export const send: Extract<ClientIntent, { type: "send" }> = {
  type: "send",
  reversePath: mailbox("smith@example.org"),
  recipients: [{ recipient: mailbox("jones@example.com") }],
};

const credentials: Options = {
  tls: "never",
  allowAuthInClear: true,
  credentials: { user: "user", password: "secret" },
};

const onDemand: Options = { ...credentials, credentials: "onDemand" };

const hello = ["220 mx.example.com", "250 mx.example.com"];
const starttls = ["220 mx.example.com", "250-mx.example.com\r\n250 STARTTLS"];
const auth = ["220 mx.example.com", "250-mx.example.com\r\n250 AUTH PLAIN"];
const scram = ["220 mx.example.com", "250-mx.example.com\r\n250 AUTH SCRAM-SHA-256"];
const data: readonly Step[] = [...hello, send, "250 OK", "250 OK"];
const chunks: readonly Step[] = [
  "220 mx.example.com",
  "250-mx.example.com\r\n250-PIPELINING\r\n250 CHUNKING",
  send,
  "250 OK",
  "250 OK",
];
const chunk: ClientIntent = { type: "content", bytes: octetsOf("0123456789\r\n") };
const smallChunks: Options = { limits: { chunk: 12 } };
const lmtp: Options = { protocol: "lmtp" };
const group: readonly Step[] = ["220 mx.example.com", "250-mx.example.com\r\n250 PIPELINING", send];

export const ways: Readonly<Record<string, Way>> = {
  expectingGreeting: { steps: [], timeout: "greeting" },
  "opening.expectingEhloReply": { steps: ["220 mx.example.com"], timeout: "hello" },
  "opening.expectingHeloReply": { steps: ["220 mx.example.com", "500 What?"], timeout: "hello" },
  "opening.expectingStartTlsReply": { steps: starttls, timeout: "hello" },
  "opening.securing": { steps: [...starttls, "220 Go ahead"], timeout: "tls" },
  "opening.expectingCredentials": { steps: auth, timeout: "hello", options: onDemand },
  "opening.computing": { steps: scram, timeout: "hello", options: credentials, computesNothing: true },
  "opening.expectingChallenge": { steps: scram, timeout: "hello", options: credentials },
  "opening.expectingAuthReply": { steps: auth, timeout: "hello", options: credentials },
  "opening.expectingCancelReply": { steps: [...auth, "334 !!!"], timeout: "hello", options: credentials },
  ready: { steps: hello, timeout: "idle" },
  expectingAnswer: { steps: [...hello, { type: "ask", verb: "NOOP" }], timeout: "command" },
  "transaction.expectingMailReply": { steps: [...hello, send], timeout: "command" },
  "transaction.expectingRecipientReply": { steps: [...hello, send, "250 OK"], timeout: "command" },
  "transaction.expectingDataReply": { steps: data, timeout: "data" },
  "transaction.sendingContent": { steps: [...data, "354 Go"], timeout: "block" },
  "transaction.sendingChunks": { steps: chunks, timeout: "block" },
  "transaction.expectingChunkReply": {
    steps: [...chunks, chunk, chunk, { type: "endContent" }],
    timeout: "contentEnd",
    options: smallChunks,
  },
  "transaction.expectingLeftoverReply": {
    steps: [...chunks, chunk, chunk, chunk, "552 Too much"],
    timeout: "contentEnd",
    options: smallChunks,
  },
  "transaction.expectingContentReply": { steps: [...data, "354 Go", { type: "endContent" }], timeout: "contentEnd" },
  "transaction.expectingIndividualReply": {
    steps: [...data, "354 Go", { type: "endContent" }],
    timeout: "contentEnd",
    options: lmtp,
  },
  "transaction.expectingOverallReply": {
    steps: [
      "220 mx.example.com",
      "250-mx.example.com\r\n250 PRDR",
      { ...send, prdr: true },
      "250 OK",
      "250 OK",
      "354 Go",
      { type: "endContent" },
      "353 Each",
      "250 OK",
    ],
    timeout: "contentEnd",
  },
  "transaction.expectingEmptyContentReply": { steps: [...group, "250 OK", "550 No", "354 Go"], timeout: "contentEnd" },
  "transaction.expectingResetReply": { steps: [...hello, send, "250 OK", "550 No"], timeout: "command" },
  expectingQuitReply: { steps: [...hello, { type: "quit" }], timeout: "quit" },
};

export const states = Object.keys(ways);

export function newSession(options: Options = {}): ClientSession {
  return new ClientSession(clientProfile({ hostname: "client.example.org", ...options }), 0);
}

/** A session in that state. */
export function inState(state: string, options: Options = {}): ClientHarness {
  const way = ways[state];
  const harness: ClientHarness = new SessionHarness(newSession({ ...way?.options, ...options }), {
    readsOn: true,
    ...(way?.computesNothing === true && { compute: "never" }),
  });
  for (const step of way?.steps ?? []) {
    if (typeof step === "string") hear(harness, step);
    else harness.submit(step);
  }
  if (stateOf(harness) !== state) throw new Error(`${state} was not reached, but ${stateOf(harness)}`);
  return harness;
}

export function stateOf({ session }: ClientHarness): string {
  return session instanceof ClientSession ? session.state : "";
}

/** The server says a reply. */
export function hear(harness: ClientHarness, reply: string): void {
  harness.receive(octetsOf(`${reply}\r\n`));
}
