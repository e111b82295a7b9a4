// SMTP smuggling: whatever stands where a lenient server would see the end of content, there is one message and no second
// transaction; and what our client sends has no such place for any server to see (RFC 5321 §2.3.8, §4.1.1.4).

import {
  clientProfile,
  ClientSession,
  mailbox,
  serverProfile,
  ServerSession,
  type ClientEvent,
  type ClientIntent,
  type ServerEvent,
  type ServerIntent,
} from "@carteiro/core";
import { describe, expect, test } from "vitest";
import { application } from "../support/dialogues.ts";
import { ScriptedServer } from "../support/scripted-server.ts";
import { codesOf } from "../support/raw-peers.ts";
import { coalesced, octetsOf, SessionHarness } from "../support/session-harness.ts";

/** Ends of content that are none. */
const sequences = [
  "\n.\n",
  "\n.\r\n",
  "\n.\r",
  "\r.\r",
  "\r.\r\n",
  "\r.\n",
  "\r\n.\n",
  "\r\n.\r",
  "\r\n.\r\r\n",
  "\r\n.\r\0\n",
  "\r\n.\n\r\n",
  "\n\r\n.\n",
  "\n\n.\n\n",
  "\r\r.\r\r",
  "\n\r.\n\r",
  "\r\0\n.\r\n",
  "\r\0\n.\r\0\n",
  "\r\n\0.\r\n",
  "\r\n.\0\r\n",
  "\0\r\n\0.\0\r\n\0",
  "\r\n \r.\r\n",
  "\r\n..\r\n",
  "\r\n. \r\n",
  "\r\n.\t\r\n",
  "\r\n\v.\r\n",
  "\x85.\x85",
  "\xc2\x85.\xc2\x85",
  "\xe2\x80\xa8.\xe2\x80\xa8",
] as const;

const named = sequences.map((sequence) => ({ name: JSON.stringify(sequence), sequence }));
const hasBareNewline = (text: string) => /\r(?!\n)|(?<!\r)\n/.test(text);

const before = "EHLO a.example\r\nMAIL FROM:<good@a.example>\r\nRCPT TO:<user@example.org>\r\nDATA\r\n";
const content = (sequence: string) =>
  `Subject: one\r\n\r\nHello${sequence}MAIL FROM:<evil@a.example>\r\nRCPT TO:<victim@example.org>\r\nDATA\r\nSubject: two\r\n\r\nSmuggled\r\n`;
const after = ".\r\nQUIT\r\n";

function serve(chunks: readonly string[], bareNewlines: "reject" | "accept") {
  const session = new ServerSession(serverProfile({ hostname: "mx.example.org", bareNewlines }), 0);
  const harness = new SessionHarness<ServerIntent, ServerEvent>(session, {
    answer: application(["accept"]),
    promptly: true,
  });
  for (const chunk of chunks) harness.receive(octetsOf(chunk));
  return harness;
}

function expectOneMessage(chunks: readonly string[], sequence: string, bareNewlines: "reject" | "accept"): void {
  const harness = serve(chunks, bareNewlines);
  const refused = bareNewlines === "reject" && hasBareNewline(sequence);
  const told = coalesced(harness.events) as { type: string; text?: string }[];
  const count = (type: string) => told.filter((event) => event.type === type).length;
  expect(codesOf(harness.output)).toEqual([220, 250, 250, 250, 354, refused ? 554 : 250, 221]);
  expect([
    count("mailReceived"),
    count("recipientReceived"),
    count("contentStarted"),
    count("transactionEnded"),
  ]).toEqual([1, 1, 1, 1]);
  expect(count("messageReceived")).toBe(refused ? 0 : 1);
  if (refused) return;
  // The dots of transparency are gone, where lines begin as the RFC has it; everything else is as it was sent.
  const expected = content(sequence)
    .split("\r\n")
    .map((line) => (line.startsWith(".") ? line.slice(1) : line));
  expect(told.find(({ type }) => type === "contentReceived")?.text).toBe(expected.join("\r\n"));
}

describe.each(["reject", "accept"] as const)("a server told to %s bare newlines", (bareNewlines) => {
  test.each(named)("sees one message in content with $name, cut wherever it may be", ({ sequence }) => {
    const whole = before + content(sequence) + after;
    expectOneMessage([whole], sequence, bareNewlines);
    expectOneMessage(Array.from(whole), sequence, bareNewlines);
    const from = (before + content(sequence)).indexOf(sequence, before.length) - 3;
    for (let at = from; at < from + sequence.length + 6; at++) {
      expectOneMessage([whole.slice(0, at), whole.slice(at)], sequence, bareNewlines);
      expectOneMessage([whole.slice(0, at), whole.slice(at, at + 1), whole.slice(at + 1)], sequence, bareNewlines);
    }
  });

  test.each(named)("executes nothing behind a command with $name in it", ({ sequence }) => {
    if (!hasBareNewline(sequence)) return;
    for (const command of ["NOOP ", "RCPT TO:<a@b>", ""]) {
      const { events, closed, output } = serve(
        [`EHLO a.example\r\n${command}${sequence}MAIL FROM:<evil@a.example>\r\n`],
        bareNewlines,
      );
      expect(events.map(({ type }) => type)).not.toContain("mailReceived");
      expect(closed).toBe(true);
      expect(codesOf(output).at(-1)).toBe(500);
    }
  });
});

/** Where servers of every laxity would see the end: a dot alone between any two newlines. */
const anyEnd = /(?:\r\n|\r|\n)\.(?:\r\n|\r|\n)/;

describe("a client", () => {
  test.each(named)(
    "sends content with $name so that no server can see an end in it, cut wherever it may be",
    ({ sequence }) => {
      const text = content(sequence);
      for (let at = 0; at <= text.length; at++) {
        const wire = sent([text.slice(0, at), text.slice(at)]);
        expect(hasBareNewline(wire)).toBe(false);
        const end = anyEnd.exec(wire);
        expect((end?.index ?? -1) + (end?.[0].length ?? 0)).toBe(wire.length);
        expect(wire.startsWith(".")).toBe(false);
      }
    },
  );

  function sent(pieces: readonly string[]): string {
    const session = new ClientSession(clientProfile({ hostname: "a.example", tls: "never" }), 0);
    const harness = new SessionHarness<ClientIntent, ClientEvent>(session);
    const server = new ScriptedServer({ greeting: "usual", offers: [[], []], reactions: ["usual"] });
    let taken = 0;
    const exchange = (): void => {
      while (server.said !== "") {
        const { said } = server;
        server.said = "";
        harness.receive(octetsOf(said));
        server.take(harness.output.slice(taken));
        taken = harness.output.length;
      }
    };
    exchange();
    harness.submit({ type: "send", reversePath: null, recipients: [{ recipient: mailbox("a@b") }] });
    server.take(harness.output.slice(taken));
    taken = harness.output.length;
    exchange();
    const from = harness.output.length;
    for (const piece of pieces) harness.submit({ type: "content", bytes: octetsOf(piece) });
    harness.submit({ type: "endContent" });
    return harness.output.slice(from);
  }
});
