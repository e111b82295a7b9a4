// Client dialogues from the plausible to the hostile, for properties of whole server sessions, and what an application may
// answer to them.

import { reply, type Reply, type ServerEvent, type ServerIntent } from "@carteiro/core";
import fc from "fast-check";
import { clientMechanisms } from "../../packages/core/src/sasl/mechanisms.ts";
import { converse, servers } from "../core/sasl/conversation.ts";
import { houseAnswer, isCredentialsDecision } from "./house.ts";
import { octetsOf, type Said } from "./session-harness.ts";

/** A client that never waits until it has sent a segment whole; STARTTLS ends one. */
export interface ClientDialogue {
  /** Octets as characters of the same number. */
  readonly segments: readonly string[];
  /** Whether the client ends its side at the end. */
  readonly ends: boolean;
}

const eol = "\r\n";
const base64 = (text: string): string => Buffer.from(text, "latin1").toString("base64");

/** Marked lines carry a number, so that their replies can be told apart. */
const marks = fc.nat(999);

const hello = fc.oneof(
  { weight: 6, arbitrary: marks.map((mark) => `EHLO host${mark}.example`) },
  { weight: 2, arbitrary: marks.map((mark) => `HELO host${mark}.example`) },
  {
    weight: 1,
    arbitrary: fc.constantFrom("EHLO", "EHLO [192.0.2.1]", "ehlo x_y", "EHLO a b", "HELO <a>", "EHLO -a", "EHLO \xe9"),
  },
);

const mail = fc.oneof(
  { weight: 8, arbitrary: marks.map((mark) => `MAIL FROM:<from${mark}@example.org>`) },
  {
    weight: 2,
    arbitrary: fc.constantFrom("MAIL FROM:<>", "mail from:<a@b> size=10 BODY=8BITMIME", "MAIL FROM: <a@b>  "),
  },
  { weight: 2, arbitrary: marks.map((mark) => `MAIL FROM:<from${mark}@example.org> SIZE=${mark} SMTPUTF8`) },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      "MAIL",
      "MAIL FROM:",
      "MAIL FROM:a@b",
      "MAIL FROM:<a@b",
      "MAIL FROM:<a@b>SIZE=1",
      "MAIL FROM:<a@b> SIZE=1 SIZE=2",
      "MAIL FROM:<a@b> SIZE=99999999999999999999",
      "MAIL FROM:<a@b> SIZE=999999999999999999999",
      "MAIL FROM:<a@b> BODY=BINARYMIME",
      "MAIL FROM:<a@b> X-UNKNOWN=1",
      "MAIL FROM:<\xc3\xa9@b>",
      "MAIL FROM:<\xc3\xa9@b> SMTPUTF8",
      "MAIL FROM:<\xff@b> SMTPUTF8",
      "MAIL FROM:<a@b> AUTH=<>",
      "MAIL FROM:<a@b> RET=HDRS ENVID=a+2Bb",
      "MAIL FROM:<a@b> BY=120;R MT-PRIORITY=3",
      "MAIL FROM:<a@b> ENVID=+00",
      "MAIL FROM:<a@b> REQUIRETLS",
    ),
  },
);

const recipient = fc.oneof(
  { weight: 8, arbitrary: marks.map((mark) => `RCPT TO:<to${mark}@example.net>`) },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      "RCPT TO:<Postmaster>",
      "RCPT TO:<@relay.example:a@b>",
      'rcpt to:<"a b"@c>',
      "RCPT TO:<a@b> NOTIFY=NEVER",
      "RCPT TO:<a@b> ORCPT=rfc822;a+2Bb@c NOTIFY=DELAY,SUCCESS",
      "RCPT TO:<a@b> RRVS=2014-04-03T23:01:00Z;C",
      "RCPT TO:<a@b> NOTIFY=NEVER,DELAY",
      "RCPT TO:<>",
      "RCPT TO:a@b",
      "RCPT FROM:<a@b>",
      "RCPT TO:<a@b>\0",
      "RCPT TO:<\xc3\xa9@b>",
    ),
  },
);

const other = fc.oneof(
  fc.constantFrom(
    "RSET",
    "RSET",
    "RSET ",
    "RSET now",
    "NOOP",
    "noop",
    "HELP",
    "HELP me",
    "NOOP \x01",
    "DATA now",
    "DATA",
  ),
  fc.constantFrom("XCLIENT ADDR=192.0.2.1 NAME=a.example", "XCLIENT LOGIN=user", "XCLIENT", "XCLIENT ADDR=x"),
  fc.constantFrom("XFORWARD NAME=a.example ADDR=192.0.2.9", "XFORWARD IDENT=1", "XFORWARD"),
  fc.constantFrom("XQUOTA jones", "xquota green", "XQUOTA", "ETRN example.org", "ETRN #queue", "ETRN a..b"),
  marks.map((mark) => `VRFY mark${mark}`),
  marks.map((mark) => `EXPN mark${mark}`),
  marks.map((mark) => `NOOP mark${mark}`),
  fc.constantFrom(
    "VRFY",
    "VRFY \xc3\xa9",
    "VRFY \xc3\xa9 SMTPUTF8",
    "TURN",
    "",
    " ",
    "\0",
    "MAILFROM:<a@b>",
    "RCPTTO:<a@b>",
  ),
  fc.constantFrom(
    "a".repeat(600),
    `NOOP ${"a".repeat(300)}`,
    `RCPT TO:<${"a".repeat(257)}@b>`,
    `EHLO ${"a.".repeat(140)}a`,
  ),
);

/** Whom the application knows; user and password are hidden from traces, so that a test can look for them. */
export const house = {
  passwords: { user: "password", user1: "password" },
  tokens: { "an-access-token": "user" },
  identity: "guest",
};

/** What a client says that knows the password, and is the first in its session that the server draws a nonce for. */
function scramDialogue(name: "SCRAM-SHA-1" | "SCRAM-SHA-256", seed: string): readonly string[] {
  const credentials = { user: "user", password: "password" };
  const { messages } = converse({ server: servers[name], client: clientMechanisms[name], credentials, house, seed });
  const [first = "", , final = ""] = messages;
  return [`AUTH ${name} ${base64(first)}`, base64(final), ""];
}

/** The seed of the nonces that a server draws in these dialogues. */
export const nonceSeed = "dialogue server";
const bearer = "\x01auth=Bearer an-access-token\x01\x01";

const otherAuth = fc.constantFrom<readonly string[]>(
  scramDialogue("SCRAM-SHA-256", "dialogue"),
  scramDialogue("SCRAM-SHA-256", "dialogue"),
  scramDialogue("SCRAM-SHA-1", "dialogue"),
  scramDialogue("SCRAM-SHA-1", "another"),
  [`AUTH SCRAM-SHA-256 ${base64("n,,n=nobody,r=abc")}`, base64("c=biws,r=abc,p=AAAA"), "*"],
  ["AUTH SCRAM-SHA-512", base64("n,,n=user,r=abc"), "*"],
  ["AUTH SCRAM-SHA-256-PLUS", base64("p=tls-exporter,,n=user,r=abc"), "*"],
  [`AUTH SCRAM-SHA-256 ${base64("y,,n=user,r=abc")}`],
  [`AUTH XOAUTH2 ${base64(`user=user${bearer}`)}`],
  [`AUTH XOAUTH2 ${base64(`user=user${bearer.replace("an-", "no-")}`)}`, ""],
  ["AUTH OAUTHBEARER", base64(`n,a=user,${bearer}`)],
  ["AUTH OAUTHBEARER", base64(`n,a=user,${bearer.replace("an-", "no-")}`), base64("\x01")],
  ["AUTH EXTERNAL ="],
  ["AUTH EXTERNAL", base64("somebody")],
  [`AUTH ANONYMOUS ${base64("trace@example.org")}`],
  [`AUTH ANONYMOUS ${base64("trace@example.org")}`],
  [`AUTH ANONYMOUS ${base64("trace@example.org")}`],
  ["AUTH CRAM-MD5", base64(`user ${"0".repeat(32)}`)],
  ["AUTH CRAM-MD5 ="],
);

const auth = fc
  .oneof(
    { weight: 4, arbitrary: otherAuth },
    { weight: 3, arbitrary: marks.map((mark) => [`AUTH PLAIN ${base64(`\0user${mark}\0password`)}`]) },
    { weight: 2, arbitrary: marks.map((mark) => ["AUTH LOGIN", base64(`user${mark}`), base64("password")]) },
    {
      weight: 3,
      arbitrary: fc.constantFrom(
        ["AUTH PLAIN", "*"],
        ["AUTH PLAIN", base64("\0user\0password")],
        ["AUTH PLAIN", base64("no separators")],
        ["AUTH PLAIN", "not base64!"],
        ["AUTH PLAIN", "QUJD".repeat(40)],
        ["AUTH LOGIN", base64("user"), "*"],
        ["AUTH LOGIN", ""],
        ["AUTH LOGIN =", base64("password")],
        ["AUTH PLAIN ="],
        ["AUTH SCRAM-SHA-256"],
        ["AUTH"],
        ["AUTH PLAIN a b"],
      ),
    },
  )
  .map((lines) => lines.map((line) => line + eol).join(""));

const newlinesAndDots = [
  "\r\n",
  "\r\n",
  "\r\n",
  ".",
  ".",
  "a",
  "text of a line",
  "\0",
  "\xe9",
  "QUIT",
  "RCPT TO:<a@b>",
];
const bareNewlines = ["\r", "\n", "\n.\n", "\r.\r", "\n.\r\n", "\r\n.\n", "\r\n.\r", "\r\r\n", "\0\r\n.\r\n\0"];

/** Content up to its end, most of it with CRLF alone. */
export const contents: fc.Arbitrary<string> = fc
  .oneof(
    { weight: 4, arbitrary: fc.array(fc.constantFrom(...newlinesAndDots), { maxLength: 12 }) },
    { weight: 1, arbitrary: fc.array(fc.constantFrom(...newlinesAndDots, ...bareNewlines), { maxLength: 12 }) },
    { weight: 2, arbitrary: fc.integer({ min: 5, max: 200 }).map((times) => ["0123456789\r\n".repeat(times)]) },
  )
  .map((parts) => parts.join(""));

const data = contents.map((content) => `DATA${eol}${content}${eol}.${eol}`);

/** A content in chunks; now and then it does not end, and chunks are of no octets. */
const chunks = fc
  .tuple(
    contents,
    fc.array(fc.nat(30), { maxLength: 3 }),
    fc.constantFrom(" LAST", " LAST", " last", ""),
    fc.constantFrom(
      "",
      "",
      "",
      `NOOP mark1${eol}`,
      `RSET${eol}`,
      `DATA${eol}`,
      `RCPT TO:<to1@example.net>${eol}`,
      `BURL imap:x${eol}`,
    ),
  )
  .map(([content, sizes, last, between]) => {
    let rest = content;
    let said = "";
    for (const size of sizes) {
      const piece = rest.slice(0, size);
      rest = rest.slice(size);
      said += `BDAT ${piece.length}${eol}${piece}${between}`;
    }
    return rest.length % 5 === 4 ? `${said}BURL imap:x${last}${eol}` : `${said}BDAT ${rest.length}${last}${eol}${rest}`;
  });

const line = (command: fc.Arbitrary<string>): fc.Arbitrary<string> => command.map((text) => text + eol);

/** A transaction as it is meant to be, but for its content. */
const transaction = fc
  .tuple(
    fc.constantFrom("", "", `RSET${eol}`),
    fc
      .tuple(marks, fc.constantFrom("", "", "", "", " BODY=BINARYMIME", " PRDR"))
      .map(([mark, body]) => `MAIL FROM:<from${mark}@example.org>${body}${eol}`),
    fc.array(
      marks.map((mark) => `RCPT TO:<to${mark}@example.net>${eol}`),
      { minLength: 1, maxLength: 3 },
    ),
    fc.oneof({ weight: 3, arbitrary: data }, { weight: 2, arbitrary: chunks }),
  )
  .map(([reset, begin, recipients, content]) => reset + begin + recipients.join("") + content);

const rude = fc.constantFrom(
  `QUIT${eol}`,
  "NOOP\n",
  "NOOP\rNOOP\r\n",
  "RSET\r\r\n",
  "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
  "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
  `${"x".repeat(3000)}${eol}`,
  "MAIL FROM:<a@b>",
  `BDAT x${eol}`,
  `BDAT 99${eol}`,
);

const step = fc.oneof(
  { weight: 12, arbitrary: line(hello) },
  { weight: 12, arbitrary: line(mail) },
  { weight: 16, arbitrary: line(recipient) },
  { weight: 8, arbitrary: data },
  { weight: 4, arbitrary: chunks },
  { weight: 12, arbitrary: line(other) },
  { weight: 16, arbitrary: auth },
  { weight: 30, arbitrary: transaction },
  { weight: 1, arbitrary: rude },
);

const startTls = fc.constantFrom("STARTTLS", "STARTTLS", "starttls", "STARTTLS now").map((text) => text + eol);

const segment = fc.array(step, { minLength: 1, maxLength: 8, size: "max" }).map((steps) => steps.join(""));

/** Most clients say hello first: without it, nothing much happens. */
export const clientDialogues: fc.Arbitrary<ClientDialogue> = fc
  .tuple(
    fc.array(fc.tuple(fc.boolean(), segment, fc.boolean(), startTls), { minLength: 1, maxLength: 3, size: "max" }),
    fc.boolean(),
  )
  .map(([parts, ends]) => ({
    segments: parts.map(([polite, steps, secures, tls], index) => {
      const introduction = polite || index === 0 ? "EHLO client.example\r\n" : "";
      return introduction + steps + (secures && index < parts.length - 1 ? tls : "");
    }),
    ends,
  }));

/** What an application does with a decision. */
export type Verdict =
  | "accept"
  | "later"
  | "never"
  | "goodbye"
  | "silence"
  | { readonly after: number; readonly decided: "accept" | "later" | "never" };

const kinds = fc.constantFrom<"accept" | "later" | "never">("accept", "accept", "later", "never");

/** Yes most of the time; also no, 421, an answer that comes late, too late, or not at all. */
export const verdicts: fc.Arbitrary<readonly Verdict[]> = fc.oneof(
  { weight: 2, arbitrary: fc.constant<readonly Verdict[]>(["accept"]) },
  { weight: 2, arbitrary: fc.constant<readonly Verdict[]>([{ after: 1, decided: "accept" }]) },
  {
    weight: 5,
    arbitrary: fc.array(
      fc.oneof<fc.WeightedArbitrary<Verdict>[]>(
        { weight: 30, arbitrary: fc.constant("accept" as const) },
        { weight: 3, arbitrary: fc.constantFrom("later" as const, "never" as const) },
        {
          weight: 2,
          arbitrary: fc.record({ after: fc.constantFrom(1, 1_000, 239_999, 240_000, 600_000), decided: kinds }),
        },
        { weight: 1, arbitrary: fc.constantFrom("goodbye" as const, "silence" as const) },
      ),
      { minLength: 1, maxLength: 24, size: "max" },
    ),
  },
);

type Decision = Exclude<Extract<ServerEvent, { readonly decision: number }>, { type: "decisionExpired" }>;

/**
 * The application: its verdict on the n-th decision, over and over. Its replies say what they are about.
 * @param first The number of the decision that has the first verdict.
 */
export function application(
  script: readonly Verdict[],
  first: () => number = () => 1,
): (event: ServerEvent) => Said<ServerIntent> | undefined {
  return (event) => {
    if (!("decision" in event) || event.type === "decisionExpired") return undefined;
    const verdict = script[(event.decision - first()) % script.length] ?? "accept";
    if (verdict === "silence") return undefined;
    if (typeof verdict === "string") return { intent: intentOf(verdict, event) };
    return { intent: intentOf(verdict.decided, event), after: verdict.after };
  };
}

function intentOf(verdict: "accept" | "later" | "never" | "goodbye", event: Decision): ServerIntent {
  const { decision } = event;
  const about = subjectOf(event);
  switch (verdict) {
    case "accept":
      return isCredentialsDecision(event)
        ? { type: "answer", decision, answer: houseAnswer(event, house) }
        : positive(event, about);
    case "later":
      return { type: "reject", decision, reply: reply(451, "4.7.1", about) };
    case "never":
      return { type: "reject", decision, reply: reply(550, "5.7.1", about) };
    case "goodbye":
      return { type: "reject", decision, reply: reply(421, "4.3.2", about) };
  }
}

function positive(event: Decision, about: string): ServerIntent {
  const own: Reply | undefined =
    event.type === "verifyReceived" ||
    event.type === "expandReceived" ||
    event.type === "recipientReceived" ||
    event.type === "mailReceived"
      ? reply(250, "2.1.5", about)
      : undefined;
  if (event.type === "messageReceived" && event.repliesEach) {
    // One is refused, one left to the session, and the rest are told by their addresses.
    const recipients = event.envelope.recipients.map(({ recipient }, index) => {
      const code = index === 1 ? 452 : 250;
      return index === 2 ? undefined : reply(code, code === 452 ? "4.2.2" : "2.1.5", `to ${recipient.address}`);
    });
    return { type: "accept", decision: event.decision, recipients };
  }
  const content = event.type === "referenceReceived" ? { content: octetsOf(fetchedText) } : undefined;
  return { type: "accept", decision: event.decision, ...content, ...(own && { reply: own }) };
}

/** What every URL refers to. */
export const fetchedText = "fetched\r\n";

/** What a decision is about: by this a reply is told from every other. */
function subjectOf(event: Decision): string {
  switch (event.type) {
    case "helloReceived":
      return `hello ${event.name}`;
    case "mailReceived":
      return `from ${event.reversePath?.address ?? ""}`;
    case "recipientReceived":
      return `to ${event.recipient.address}`;
    case "verifyReceived":
    case "expandReceived":
      return `about ${event.argument}`;
    default:
      return event.type;
  }
}

/** Sizes of chunks, over and over. */
export const chunkings: fc.Arbitrary<readonly number[]> = fc.oneof(
  { weight: 1, arbitrary: fc.constant([1]) },
  { weight: 1, arbitrary: fc.constant([Infinity]) },
  {
    weight: 4,
    arbitrary: fc.array(fc.oneof(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 90 })), {
      minLength: 1,
      maxLength: 12,
    }),
  },
);

/** The text in chunks of these sizes. */
export function* chunksOf(text: string, sizes: Iterator<number>): Generator<Uint8Array> {
  for (let at = 0; at < text.length;) {
    const size = Math.max(1, sizes.next().value ?? Infinity);
    yield octetsOf(text.slice(at, at + size));
    at += size;
  }
}

/** The numbers over and over. */
export function* cycle(numbers: readonly number[]): Generator<number, never> {
  for (;;) yield* numbers.length > 0 ? numbers : [Infinity];
}
