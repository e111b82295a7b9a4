// What a server session tells of the dialogue: every line once, in order, with the state it was said in, and no secrets.

import type { MechanismName, ServerEvent } from "@carteiro/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { accepting, approaches, say, type ServerHarness } from "./subjects.ts";

type Traced = Extract<ServerEvent, { type: "lineTraced" }>;

function traced({ events }: ServerHarness): Traced[] {
  return events.filter((event) => event.type === "lineTraced");
}

function dialogue(harness: ServerHarness): string[] {
  return traced(harness).map(({ from, line }) => `${from === "client" ? "C" : "S"}: ${line}`);
}

const base64 = (text: string) => Buffer.from(text).toString("base64");

describe("the trace", () => {
  test("server tells each line as it passes, content left out", () => {
    const harness = accepting({ trace: true });
    say(harness, approaches.message.lines);
    say(harness, "QUIT\r\n");
    expect(dialogue(harness)).toEqual([
      "S: 220 mx.example.com ESMTP ready",
      "C: EHLO client.example.org",
      "S: 250-mx.example.com greets client.example.org",
      "S: 250-PIPELINING",
      "S: 250-SIZE 52428800",
      "S: 250-LIMITS RCPTMAX=1000",
      "S: 250-8BITMIME",
      "S: 250-CHUNKING",
      "S: 250-SMTPUTF8",
      "S: 250 ENHANCEDSTATUSCODES",
      "C: MAIL FROM:<smith@example.org>",
      "S: 250 2.1.0 Sender OK",
      "C: RCPT TO:<jones@example.com>",
      "S: 250 2.1.5 Recipient OK",
      "C: DATA",
      "S: 354 Send the content; end it with <CRLF>.<CRLF>",
      "S: 250 2.6.0 Message accepted",
      "C: QUIT",
      "S: 221 2.0.0 mx.example.com closing the connection",
    ]);
  });

  test("server tells the state in which the client spoke", () => {
    const harness = accepting({ trace: true });
    say(harness, approaches.data.lines);
    const states = traced(harness).flatMap(({ from, state }) => (from === "client" ? [state] : []));
    expect(states).toEqual([
      "dialogue.idle.expectingHello",
      "dialogue.idle.expectingMail",
      "dialogue.transaction.expectingFirstRecipient",
      "dialogue.transaction.expectingRecipientOrData",
    ]);
  });

  test("server says nothing of it where nobody asked", () => {
    const harness = accepting();
    say(harness, approaches.message.lines);
    expect(traced(harness)).toEqual([]);
  });

  test("server tells the replies that it writes, and no others", () => {
    const lines = fc.constantFrom("NOOP", "RSET", "HELP", "FOO", "MAIL FROM:<>", "RCPT TO:<a@b>", "EHLO x", "VRFY y");
    fc.assert(
      fc.property(fc.array(lines, { maxLength: 10 }), (said) => {
        const harness = accepting({ trace: true, limits: { errors: 1_000 } });
        for (const line of said) say(harness, `${line}\r\n`);
        const told = traced(harness);
        const replies = told.flatMap(({ from, line }) => (from === "server" ? [`${line}\r\n`] : []));
        expect(replies.join("")).toBe(harness.output);
        expect(told.flatMap(({ from, line }) => (from === "client" ? [line] : []))).toEqual(said);
      }),
    );
  });
});

describe("secrets", () => {
  const secret = "hunter2hunter2";
  const plain = base64(`\0user\0${secret}`);

  const dialogues: readonly (readonly string[])[] = [
    [`AUTH PLAIN ${plain}`],
    [`auth plain ${plain}`],
    [`AUTH  PLAIN  ${plain}`],
    [`AUTH PLAIN ${plain} more`],
    [`AUTH PLAIN ${plain}!`],
    [`AUTH PLAIN ${plain}\0`],
    [`AUTH UNKNOWN ${plain}`],
    [`AUTH ${plain}`],
    ["AUTH PLAIN", plain],
    ["AUTH PLAIN", `${plain}!`],
    ["AUTH LOGIN", base64("user"), base64(secret)],
    [`AUTH LOGIN ${base64("user")}`, base64(secret)],
    ["AUTH LOGIN", base64("user"), secret],
    [`AUTH XOAUTH2 ${base64(`user=user\x01auth=Bearer ${secret}\x01\x01`)}`],
    ["AUTH OAUTHBEARER", base64(`n,a=user,\x01auth=Bearer ${secret}\x01\x01`), base64("\x01")],
  ];

  function expectHidden(lines: readonly string[], mechanisms: readonly MechanismName[]): void {
    const harness = accepting({ trace: true, authentication: { allowInClear: true, mechanisms } });
    say(harness, approaches.hello.lines);
    for (const line of lines) say(harness, `${line}\r\n`);
    const shown = dialogue(harness).join("\n");
    expect(shown).toContain("C: AUTH");
    const said = lines.flatMap((line) => line.split(" ")).filter((word) => word.length > 12);
    for (const given of [secret, base64(secret).slice(0, -4), plain.slice(-12), ...said])
      expect(shown).not.toContain(given);
  }

  test.each(dialogues.map((lines) => [lines.join(" / "), lines] as const))("server traces none of %s", (_, lines) => {
    expectHidden(lines, ["PLAIN", "LOGIN", "XOAUTH2", "OAUTHBEARER"]);
    // What follows an AUTH that was refused is no response, and nobody can tell what it is.
    if (lines.length === 1) expectHidden(lines, []);
  });

  test("server tells the credentials in one event alone: the decision about them", () => {
    const harness = accepting({ trace: true, authentication: { allowInClear: true } });
    say(harness, `${approaches.hello.lines}AUTH PLAIN ${plain}\r\n`);
    const telling = harness.events.filter((event) => JSON.stringify(event).includes(secret));
    expect(telling.map(({ type }) => type)).toEqual(["authenticationReceived"]);
  });
});
