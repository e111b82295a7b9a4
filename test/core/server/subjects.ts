// How a server session comes to each of its decisions, for tests that go through all of them.

import {
  burl,
  etrn,
  serverProfile,
  ServerSession,
  type CredentialsDecision,
  type DecisionSubject,
  type ServerDecision,
  type ServerEvent,
  type ServerIntent,
  type ServerSessionOptions,
} from "@carteiro/core";
import { houseAnswer, isCredentialsDecision, secret, type House } from "../../support/house.ts";
import { octetsOf, SessionHarness } from "../../support/session-harness.ts";

export type ServerHarness = SessionHarness<ServerIntent, ServerEvent>;
export type Options = Omit<ServerSessionOptions, "hostname">;

const base64 = (text: string) => Buffer.from(text).toString("base64");
const hello = "EHLO client.example.org\r\n";
const mail = `${hello}MAIL FROM:<smith@example.org>\r\n`;
const recipient = `${mail}RCPT TO:<jones@example.com>\r\n`;
const data = `${recipient}DATA\r\n`;

interface Approach {
  readonly event: (ServerDecision | CredentialsDecision)["type"];
  /** What the client says until the decision is asked, all before it accepted. */
  readonly lines: string;
  /** The code of an acceptance. */
  readonly code: number;
}

export const approaches: Readonly<Record<DecisionSubject, Approach>> = {
  connection: { event: "connectionReceived", lines: "", code: 220 },
  hello: { event: "helloReceived", lines: hello, code: 250 },
  startTls: { event: "startTlsReceived", lines: `${hello}STARTTLS\r\n`, code: 220 },
  authentication: { event: "authenticationReceived", lines: `${hello}AUTH PLAIN AHVzZXIAc2VjcmV0\r\n`, code: 235 },
  credentials: {
    event: "keysWanted",
    lines: `${hello}AUTH SCRAM-SHA-256 ${base64("n,,n=user,r=nonce")}\r\n`,
    code: 334,
  },
  mail: { event: "mailReceived", lines: mail, code: 250 },
  recipient: { event: "recipientReceived", lines: recipient, code: 250 },
  data: { event: "dataReceived", lines: data, code: 354 },
  reference: { event: "referenceReceived", lines: `${recipient}BURL imap:x\r\n`, code: 250 },
  message: { event: "messageReceived", lines: `${data}Hello\r\n.\r\n`, code: 250 },
  verify: { event: "verifyReceived", lines: `${hello}VRFY jones\r\n`, code: 252 },
  expand: { event: "expandReceived", lines: `${hello}EXPN staff\r\n`, code: 250 },
  help: { event: "helpReceived", lines: `${hello}HELP\r\n`, code: 214 },
  reset: { event: "resetReceived", lines: `${hello}RSET\r\n`, code: 250 },
  command: { event: "commandReceived", lines: `${hello}ETRN example.org\r\n`, code: 250 },
};

export const subjects = Object.keys(approaches) as readonly DecisionSubject[];

/** A session that delays no answer, unless it is told to. */
export function newSession(options: Options = {}): ServerSession {
  const timeouts = { errorDelay: 0, authenticationDelay: 0, ...options.timeouts };
  return new ServerSession(serverProfile({ hostname: "mx.example.com", ...options, timeouts }), 0);
}

/** A session whose application accepts everything, and answers mechanisms by what it knows. */
export function accepting(options: Options = {}, house: House = {}): ServerHarness {
  const answer = (event: ServerEvent) => accepted(event, house);
  return new SessionHarness(newSession(options), { answer, promptly: true, tls: {} });
}

/** A session that waits for the decision on the subject, which alone has not been taken. */
export function pending(subject: DecisionSubject, options: Options = {}): { harness: ServerHarness; decision: number } {
  const { event, lines } = approaches[subject];
  const mechanisms = ["PLAIN", "LOGIN", "SCRAM-SHA-256"] as const;
  const authentication = { allowInClear: true, mechanisms, secret };
  const session = newSession({ extensions: [etrn, burl()], startTls: true, authentication, ...options });
  const harness: ServerHarness = new SessionHarness(session, {
    answer: (told: ServerEvent) => (told.type === event ? undefined : accepted(told, {})),
    promptly: true,
    readsOn: true,
  });
  if (lines !== "") say(harness, lines);
  if (harness.events.at(-1)?.type !== event) throw new Error(`${subject} was not asked`);
  return { harness, decision: lastDecision(harness) };
}

/** A yes to the subject, or what stands for it. */
export function yes(subject: DecisionSubject, decision: number): ServerIntent {
  if (subject === "reference") return { type: "accept", decision, content: octetsOf("fetched") };
  if (subject !== "credentials") return { type: "accept", decision };
  return { type: "answer", decision, answer: { type: "keysFound", keys: undefined } };
}

/** The number of the decision that was asked last. */
export function lastDecision({ events }: ServerHarness): number {
  return Math.max(...events.map((event) => ("decision" in event ? event.decision : 0)));
}

export function stateOf({ session }: ServerHarness): string {
  return session instanceof ServerSession ? session.state : "";
}

export function say(harness: ServerHarness, lines: string): void {
  harness.receive(octetsOf(lines));
}

function accepted(event: ServerEvent, house: House): { readonly intent: ServerIntent } | undefined {
  if (!("decision" in event) || event.type === "decisionExpired") return undefined;
  const { decision } = event;
  if (event.type === "referenceReceived") return { intent: yes("reference", decision) };
  if (!isCredentialsDecision(event)) return { intent: { type: "accept", decision } };
  return { intent: { type: "answer", decision, answer: houseAnswer(event, house) } };
}
