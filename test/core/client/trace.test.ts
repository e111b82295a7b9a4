// What a client session tells of the dialogue: every line once, in order, with the state it was said in, and no secrets.

import { mailbox, type ClientEvent } from "@carteiro/core";
import { describe, expect, test } from "vitest";
import { SessionHarness } from "../../support/session-harness.ts";
import { hear, newSession, send, type ClientHarness, type Options } from "./states.ts";

type Traced = Extract<ClientEvent, { type: "lineTraced" }>;

const secret = "hunter2hunter2";
const credentials = { user: "user", password: secret };
const base64 = (text: string) => Buffer.from(text).toString("base64");

function tracing(options: Options): ClientHarness {
  return new SessionHarness(newSession({ ...options, trace: true }));
}

function traced({ events }: ClientHarness): Traced[] {
  return events.filter((event) => event.type === "lineTraced");
}

function dialogue(harness: ClientHarness): string[] {
  return traced(harness).map(({ from, line }) => `${from === "client" ? "C" : "S"}: ${line}`);
}

describe("the trace", () => {
  test("client tells each line as it passes, content left out", () => {
    const harness = tracing({});
    for (const reply of ["220 mx.example.com", "250-mx.example.com", "250 SIZE 1000"]) hear(harness, reply);
    harness.submit(send);
    for (const reply of ["250 OK", "250 OK", "354 Go"]) hear(harness, reply);
    harness.submit({ type: "content", bytes: Buffer.from("Nobody's business\r\n") });
    harness.submit({ type: "endContent" });
    hear(harness, "250 OK");
    harness.submit({ type: "quit" });
    hear(harness, "221 Bye");
    expect(dialogue(harness)).toEqual([
      "S: 220 mx.example.com",
      "C: EHLO client.example.org",
      "S: 250-mx.example.com",
      "S: 250 SIZE 1000",
      "C: MAIL FROM:<smith@example.org>",
      "S: 250 OK",
      "C: RCPT TO:<jones@example.com>",
      "S: 250 OK",
      "C: DATA",
      "S: 354 Go",
      "S: 250 OK",
      "C: QUIT",
      "S: 221 Bye",
    ]);
  });

  test("client tells the state in which the server spoke", () => {
    const harness = tracing({});
    for (const reply of ["220 mx.example.com", "250 mx.example.com"]) hear(harness, reply);
    const states = traced(harness).flatMap(({ from, state }) => (from === "server" ? [state] : []));
    expect(states).toEqual(["expectingGreeting", "opening.expectingEhloReply"]);
  });

  test("client says nothing of it where nobody asked", () => {
    const harness: ClientHarness = new SessionHarness(newSession());
    hear(harness, "220 mx.example.com");
    expect(traced(harness)).toEqual([]);
  });

  test("client shows a parameter's value and an address as it sent them", () => {
    const harness = tracing({});
    for (const reply of ["220 mx.example.com", "250-mx.example.com", "250-8BITMIME", "250 SMTPUTF8"])
      hear(harness, reply);
    harness.submit({ ...send, reversePath: mailbox("pelé@example.org") });
    expect(dialogue(harness).at(-1)).toBe("C: MAIL FROM:<pelé@example.org> BODY=8BITMIME SMTPUTF8");
  });
});

describe("secrets", () => {
  const dialogues: readonly (readonly [name: string, replies: readonly string[]])[] = [
    ["PLAIN", ["250-x", "250 AUTH PLAIN", "235 OK"]],
    ["PLAIN that is refused", ["250-x", "250 AUTH PLAIN", "535 No"]],
    ["PLAIN with one challenge more", ["250-x", "250 AUTH PLAIN", "334 ", "501 Cancelled"]],
    ["LOGIN", ["250-x", "250 AUTH LOGIN", "334 VXNlcm5hbWU6", "334 UGFzc3dvcmQ6", "235 OK"]],
    ["LOGIN with a challenge that is none", ["250-x", "250 AUTH LOGIN", "334 VXNlcm5hbWU6", "334 ???", "501 No"]],
  ];

  test.each(dialogues)("client traces none of %s", (_, replies) => {
    const harness = tracing({ tls: "never", allowAuthInClear: true, credentials });
    for (const reply of ["220 mx.example.com", ...replies]) hear(harness, reply);
    const told = JSON.stringify(harness.events);
    expect(told).toContain("AUTH ");
    for (const given of [secret, base64(secret).slice(0, -4), base64(`\0user\0${secret}`)]) {
      expect(told).not.toContain(given);
    }
  });
});
