// SMTP smuggling, outwards: whatever content holds, what our client sends has one place alone in which any server, however
// lenient, can see its end (RFC 5321 §2.3.8, §4.1.1.4). The way in is in smuggling-in.test.ts.

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
import { latin1, octetsOf, SessionHarness } from "../support/session-harness.ts";

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

const content = (sequence: string) =>
  `Subject: one\r\n\r\nHello${sequence}MAIL FROM:<evil@a.example>\r\nRCPT TO:<victim@example.org>\r\nDATA\r\nSubject: two\r\n\r\nSmuggled\r\n`;

/** Where servers of every laxity would see the end: a dot alone between any two newlines. */
const anyEnd = /(?:\r\n|\r|\n)\.(?:\r\n|\r|\n)/;

function expectOneEnd(wire: string): void {
  expect(hasBareNewline(wire)).toBe(false);
  expect(wire.startsWith(".")).toBe(false);
  const end = anyEnd.exec(wire);
  expect((end?.index ?? -1) + (end?.[0].length ?? 0)).toBe(wire.length);
}

describe("a client", () => {
  test.each(named)("sends content with $name so that no server sees an end in it, cut anywhere", ({ sequence }) => {
    const text = content(sequence);
    for (let at = 0; at <= text.length; at++) expectOneEnd(sent([text.slice(0, at), text.slice(at)]));
  });

  test.each(named)("sends on what a server took with $name in it, and it remains one message", ({ sequence }) => {
    const profile = serverProfile({ hostname: "mx.example.org", bareNewlines: "normalise" });
    const answer = application(["accept"]);
    const harness = new SessionHarness<ServerIntent, ServerEvent>(new ServerSession(profile, 0), { answer });
    harness.receive(octetsOf("EHLO a.example\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n"));
    for (const octet of content(sequence)) harness.receive(octetsOf(octet));
    harness.receive(octetsOf(".\r\n"));
    const slices = harness.events.flatMap((event) => (event.type === "contentReceived" ? latin1(event.bytes) : []));
    const wire = sent(slices);
    expectOneEnd(wire);
    expect(wire).toContain("Smuggled");
  });

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
