// Standing property 5: for any input the memory held is bounded by the limits, and the time is linear in the input.

import {
  clientProfile,
  ClientSession,
  serverProfile,
  ServerSession,
  type ClientSessionOptions,
  type ServerIntent,
  type ServerSessionOptions,
  type Session,
} from "@carteiro/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { countedOctets } from "../support/counted-octets.ts";
import { heldMemory } from "../support/held-memory.ts";
import { octetsOf } from "../support/session-harness.ts";
import { noDelays } from "../support/no-delays.ts";

const chunk = 65_536;
/** Octets that are fed: much at once where few things are made of it, less where every line is a command. */
const much = 50 * 2 ** 20;
const manyLines = 8 * 2 ** 20;
const manyCommands = 2 * 2 ** 20;
/** What may be held whatever comes: more than all limits together, and a fraction of what is fed. */
const bound = 2 ** 20;

/** Limits that never close a session, so that it has to take all that comes. */
const endless = {
  errors: Infinity,
  commandsWithoutMail: Infinity,
  authenticationAttempts: Infinity,
  discarded: Infinity,
  smallChunks: Infinity,
};
const serverOptions = (limits: ServerSessionOptions["limits"]): ServerSessionOptions => ({
  hostname: "mx.example.org",
  startTls: true,
  authentication: { allowInClear: true },
  limits: { ...endless, ...limits },
  timeouts: noDelays,
});

/** Polls a session until it is idle and keeps nothing of what it says; answers what it asks, if it is to be answered. */
function drain<Intent, Event extends { readonly type: string }>(
  session: Session<Intent, Event>,
  answer: (event: Event) => Intent | undefined,
): boolean {
  for (;;) {
    const output = session.poll();
    if (output.kind === "idle") return output.wants !== "nothing";
    const intent = output.kind === "event" ? answer(output.event) : undefined;
    if (intent !== undefined) session.submit(intent, 0);
  }
}

function accept(event: { readonly type: string }): ServerIntent | undefined {
  if (!("decision" in event) || event.type === "decisionExpired") return undefined;
  const content = event.type === "referenceReceived" ? { content: octetsOf("fetched\r\n") } : undefined;
  return { type: "accept", decision: event.decision as number, ...content };
}

const ignore = (): undefined => undefined;

/** Octets held after so many were fed, each chunk an array of its own. */
function heldAfter<Intent, Event extends { readonly type: string }>(
  session: Session<Intent, Event>,
  answer: (event: Event) => Intent | undefined,
  text: string,
  total: number,
): { held: number; open: boolean } {
  const pattern = octetsOf(text.repeat(Math.ceil(chunk / text.length)));
  drain(session, answer);
  const before = heldMemory();
  let open = true;
  for (let fed = 0; fed < total; fed += pattern.length) {
    session.handle({ type: "received", bytes: pattern.slice() }, 0);
    open = drain(session, answer);
  }
  return { held: heldMemory() - before, open };
}

const upToRecipient = "EHLO a\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\n";
const upToContent = `${upToRecipient}DATA\r\n`;
/** The largest chunk there can be. */
const upToChunk = `${upToRecipient}BDAT ${Number.MAX_SAFE_INTEGER}\r\n`;

interface Flood {
  readonly name: string;
  readonly before?: string;
  readonly text: string;
  readonly limits?: ServerSessionOptions["limits"];
  readonly protocol?: "smtp" | "lmtp";
  readonly bareNewlines?: "reject" | "normalise";
  /** Whether the session does not stand it to the end. */
  readonly closes?: boolean;
  /** Default: `manyCommands`. */
  readonly total?: number;
}

const serverFloods: readonly Flood[] = [
  { name: "a command line that never ends", total: much, text: "a", limits: { endlessLine: Infinity } },
  { name: "a line that never ends, within its limit", total: much, text: "a", closes: true },
  { name: "lines that are too long", total: much, text: `${"a".repeat(5_000)}\r\n` },
  { name: "lines of nothing", text: "\r\n" },
  { name: "NUL octets", total: much, text: "\0", limits: { endlessLine: Infinity } },
  { name: "commands without an end", text: "NOOP\r\nRSET\r\nEHLO a\r\nVRFY x\r\nHELP\r\n" },
  { name: "errors without an end", text: "x\r\nMAIL\r\nRCPT TO:<>\r\n\xff\r\n" },
  { name: "greetings of full length", text: `EHLO ${`${"a".repeat(60)}.`.repeat(4)}a\r\n` },
  {
    name: "recipients without an end",
    before: "EHLO a\r\nMAIL FROM:<a@b>\r\n",
    text: `RCPT TO:<${"a".repeat(60)}@b>\r\n`,
  },
  { name: "transactions abandoned", before: "EHLO a\r\n", text: "MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nRSET\r\n" },
  {
    name: "messages without an end",
    before: "EHLO a\r\n",
    text: "MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\nx\r\n.\r\n",
  },
  {
    name: "content without an end",
    total: much,
    before: upToContent,
    text: "0123456789\r\n",
    limits: { messageSize: Infinity },
  },
  { name: "content of dots", total: manyLines, before: upToContent, text: "..\r\n", limits: { messageSize: Infinity } },
  { name: "content without lines", total: much, before: upToContent, text: "x", limits: { messageSize: Infinity } },
  {
    name: "content that is refused",
    total: much,
    before: upToContent,
    text: "0123456789\r\n",
    limits: { messageSize: 1 },
  },
  { name: "a chunk without an end", total: much, before: upToChunk, text: "x", limits: { messageSize: Infinity } },
  {
    name: "a chunk that is refused",
    total: much,
    before: upToChunk,
    text: "0123456789\r\n",
    limits: { messageSize: 1 },
  },
  {
    name: "a chunk that nobody asked for",
    total: much,
    before: `BDAT ${Number.MAX_SAFE_INTEGER}\r\n`,
    text: "QUIT\r\n",
  },
  {
    name: "chunks without an end",
    before: upToRecipient,
    text: "BDAT 5\r\nx.\r\n.",
    limits: { messageSize: Infinity },
  },
  { name: "chunks of nothing", before: upToRecipient, text: "BDAT 0\r\n" },
  { name: "chunks that are refused", text: "BDAT 6\r\nQUIT\r\n" },
  {
    name: "messages in chunks without an end",
    before: "EHLO a\r\n",
    text: "MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nBDAT 1\r\nxBDAT 0 LAST\r\n",
  },
  {
    name: "messages to many over LMTP",
    protocol: "lmtp",
    before: "LHLO a\r\n",
    text: `MAIL FROM:<a@b>\r\n${"RCPT TO:<c@d>\r\n".repeat(500)}DATA\r\nx\r\n.\r\n`,
  },
  {
    name: "content of bare newlines",
    total: manyLines,
    before: upToContent,
    text: "\n.\n\r.\r",
    bareNewlines: "reject",
  },
  {
    name: "content of bare newlines that are normalised",
    total: manyLines,
    before: upToContent,
    text: "\n.\n\r.\r",
    bareNewlines: "normalise",
    limits: { messageSize: Infinity },
  },
  {
    name: "a SASL response that never ends",
    total: much,
    before: "EHLO a\r\nAUTH PLAIN\r\n",
    text: "A",
    limits: { endlessLine: Infinity },
  },
  { name: "SASL exchanges that fail", before: "EHLO a\r\n", text: "AUTH LOGIN\r\n!\r\nAUTH PLAIN QUJD\r\nAUTH X\r\n" },
];

describe("a server session", () => {
  test.each(serverFloods)(
    "holds little of $name",
    ({ before = "", text, limits, bareNewlines, protocol = "smtp", closes = false, total = manyCommands }) => {
      const session = new ServerSession(
        serverProfile({ ...serverOptions(limits), protocol, ...(bareNewlines && { bareNewlines }) }),
        0,
      );
      drain(session, accept);
      session.handle({ type: "received", bytes: octetsOf(before) }, 0);
      const { held, open } = heldAfter(session, accept, text, total);
      expect(open).toBe(!closes);
      expect(held).toBeLessThan(bound);
    },
  );

  test("holds no more than its limit of what comes while the application decides", () => {
    const bufferedInput = 2 ** 18;
    const session = new ServerSession(serverProfile(serverOptions({ bufferedInput })), 0);
    const { held, open } = heldAfter(session, ignore, "NOOP\r\n", much);
    expect(open).toBe(false);
    expect(held).toBeLessThan(bound);
  });
});

describe("a client session", () => {
  const profile = (limits: ClientSessionOptions["limits"]) =>
    clientProfile({ hostname: "a", tls: "never", ...(limits && { limits }) });

  test.each([
    { name: "a reply line that never ends", text: "2" },
    { name: "a reply of lines without an end", text: "250-x\r\n" },
    { name: "replies without an end", text: "250 x\r\n" },
    { name: "what is no reply", text: "\r\n" },
  ])("holds little of $name", ({ text }) => {
    const session = new ClientSession(profile(undefined), 0);
    const { held, open } = heldAfter(session, ignore, text, much);
    expect(open).toBe(false);
    expect(held).toBeLessThan(bound);
  });

  test.each([
    { name: "a reply line that never ends", limits: { replyLine: Infinity }, text: "2" },
    { name: "a reply of lines without an end", limits: { replyLines: Infinity }, text: "250-x\r\n" },
  ])("holds $name where its limits are taken away: it is they that bound it", ({ limits, text }) => {
    const { held } = heldAfter(new ClientSession(profile(limits), 0), ignore, text, manyLines);
    expect(held).toBeGreaterThan(3 * bound);
  });

  test("holds little of large replies to questions without an end", () => {
    const session = new ClientSession(profile(undefined), 0);
    drain(session, ignore);
    session.handle({ type: "received", bytes: octetsOf("220 a\r\n250 a\r\n") }, 0);
    drain(session, ignore);
    const reply = `${"250-x\r\n".repeat(200)}250 ${"x".repeat(4_000)}\r\n`;
    const before = heldMemory();
    for (let fed = 0; fed < manyLines; fed += reply.length) {
      session.submit({ type: "ask", verb: "NOOP" }, 0);
      session.handle({ type: "received", bytes: octetsOf(reply) }, 0);
      expect(drain(session, ignore)).toBe(true);
    }
    expect(heldMemory() - before).toBeLessThan(bound);
  });
});

/** How often each octet is looked at, counted in the arrays themselves; no clock could tell it on a busy machine. */
function looksPerOctet<Intent, Event extends { readonly type: string }>(
  session: Session<Intent, Event>,
  answer: (event: Event) => Intent | undefined,
  text: string,
  size: number,
): number {
  drain(session, answer);
  const octets = octetsOf(text);
  let looks = 0;
  for (let at = 0; at < octets.length; at += size) {
    const counted = countedOctets(octets.slice(at, at + size));
    session.handle({ type: "received", bytes: counted.octets }, 0);
    drain(session, answer);
    looks += counted.looks();
  }
  return looks / octets.length;
}

describe("the time that a session takes", () => {
  const sizes = fc.constantFrom(1, 2, 3, 17, 1_000, Infinity);
  const bits = [
    "\r\n",
    "\r",
    "\n",
    ".",
    "..",
    "\r\n.\r\n",
    "\n.\n",
    "a",
    "NOOP",
    "x".repeat(50),
    "\0",
    "\xff",
    "BDAT 9\r\n",
  ];
  const texts = fc.array(fc.constantFrom(...bits), { minLength: 1, maxLength: 6 }).map((parts) => parts.join(""));
  const long = (text: string) => text.repeat(Math.ceil(20_000 / text.length));

  test("is linear in what a client sends, whatever its lines and wherever its chunks end", () => {
    fc.assert(
      fc.property(
        texts,
        sizes,
        fc.constantFrom("", upToContent, upToChunk, upToRecipient),
        fc.constantFrom("reject" as const, "normalise" as const),
        (text, size, before, bareNewlines) => {
          const limits = { messageSize: Infinity, endlessLine: Infinity };
          const session = new ServerSession(serverProfile({ ...serverOptions(limits), bareNewlines }), 0);
          drain(session, accept);
          session.handle({ type: "received", bytes: octetsOf(before) }, 0);
          expect(looksPerOctet(session, accept, long(text), size)).toBeLessThan(16);
        },
      ),
    );
  });

  test("is linear in what a server says, whatever its lines and wherever its chunks end", () => {
    const replies = fc.oneof(texts, fc.constantFrom("250-x\r\n", "250 x\r\n", `250-${"x".repeat(500)}\r\n`));
    fc.assert(
      fc.property(replies, sizes, (text, size) => {
        const limits = { replyLine: 1e9, replyLines: 1e9 };
        const session = new ClientSession(clientProfile({ hostname: "a", limits }), 0);
        expect(looksPerOctet(session, ignore, long(text), size)).toBeLessThan(16);
      }),
    );
  });
});
