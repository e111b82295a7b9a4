// What the server shows, and that no peer writes to the terminal through it.

import { stripVTControlCharacters } from "node:util";

import * as fc from "fast-check";
import { describe, expect, test } from "vitest";

import {
  escapeControls,
  formatJson,
  formatPretty,
  Terminal,
  wantsColours,
  type TerminalEvent,
} from "../../packages/cli/src/terminal.ts";

const time = new Date(Date.UTC(2026, 10, 21, 21, 12, 29));
const clock = time.toTimeString().slice(0, 8);
const session = "3";

/** One event of each type, whose texts all are this one. */
function eventsWith(text: string): TerminalEvent[] {
  const remote = text;
  return [
    { type: "listening", role: "relay", host: text, port: 2525 },
    { type: "ready", hostname: text, domains: [text], mailFolder: text, caFile: text },
    { type: "stopping", signal: text, sessions: 2 },
    { type: "stopped" },
    { type: "sessionOpened", session, role: "relay", remote },
    {
      type: "sessionClosed",
      session,
      role: "submission",
      remote,
      hello: text,
      protocol: "ESMTPSA",
      user: text,
      messages: 1,
      ms: 20,
      reason: "disconnected",
      error: text,
    },
    { type: "messageDelivered", session, id: "4f2a", from: text, to: [text, text], size: 3, ms: 1 },
    { type: "recipientRefused", session, from: text, to: text, code: 550, enhanced: "5.1.1", text },
    { type: "messageRefused", session, from: text, code: 452, text },
    { type: "authenticationFailed", session, user: text, mechanism: text, address: text, code: 535, text },
    { type: "rateExceeded", session, address: text, subject: text },
    { type: "trace", session, direction: "C", line: text, state: "expectingHello" },
    { type: "fault", connection: 1, rule: text },
    { type: "error", message: text },
  ];
}

const hostile = fc.string({
  unit: fc.oneof(
    fc.constantFrom("\u001b[2J", "\r", "\n", "\u009b31m", "\u202e", "\u2028", "\0", "\u007f"),
    fc.string({ unit: "binary", minLength: 1, maxLength: 1 }),
  ),
});
const control = /[\p{Cc}\p{Bidi_Control}\u2028\u2029]/u;

const escapes = (event: TerminalEvent) => (formatPretty(event, time, true) ?? "").split("\u001b").length;

describe("text for people", () => {
  test.each<[TerminalEvent, string]>([
    [
      { type: "listening", role: "relay", host: "127.0.0.1", port: 2525 },
      "listening on 127.0.0.1 port 2525 for relay: mail from other servers, to local domains only",
    ],
    [
      {
        type: "sessionClosed",
        session,
        role: "submission",
        remote: "192.0.2.1:4711",
        hello: "pc.example",
        protocol: "ESMTPSA",
        user: "ana@example.org",
        messages: 1,
        ms: 1530,
        reason: "quit",
      },
      "#3 session closed: submission from pc.example (192.0.2.1:4711) by ESMTPSA as ana@example.org, 1 message, 1.5 s",
    ],
    [
      {
        type: "sessionClosed",
        session,
        role: "relay",
        remote: "192.0.2.1:4711",
        messages: 0,
        ms: 2,
        reason: "timeout",
      },
      "#3 session closed: relay from 192.0.2.1:4711, 0 messages, 0.002 s, timed out",
    ],
    [
      {
        type: "sessionClosed",
        session,
        role: "relay",
        remote: "192.0.2.1:4711",
        messages: 0,
        ms: 2,
        reason: "disconnected",
        error: "reset",
      },
      "#3 session closed: relay from 192.0.2.1:4711, 0 messages, 0.002 s, ended by the client without QUIT: reset",
    ],
    [
      {
        type: "messageDelivered",
        session,
        id: "4f2a",
        from: "",
        to: ["ana@example.org", "bia@example.org"],
        size: 1234,
        ms: 12,
      },
      "#3 delivered 4f2a from <> to <ana@example.org>, <bia@example.org>, 1234 octets, 0.012 s",
    ],
    [
      {
        type: "recipientRefused",
        session,
        from: "a@example.net",
        to: "b@example.com",
        code: 550,
        enhanced: "5.7.1",
        text: "Relaying denied",
      },
      "#3 refused <b@example.com> from <a@example.net>: 550 5.7.1 Relaying denied",
    ],
    [
      { type: "messageRefused", session, from: "a@example.net", code: 554, text: "No" },
      "#3 refused a message from <a@example.net>: 554 No",
    ],
    [
      {
        type: "authenticationFailed",
        session,
        user: "ana",
        mechanism: "PLAIN",
        address: "192.0.2.1",
        code: 535,
        enhanced: "5.7.8",
        text: "No",
      },
      "#3 login failed as ana by PLAIN from 192.0.2.1: 535 5.7.8 No",
    ],
    [
      { type: "rateExceeded", session, address: "192.0.2.1", subject: "failedAuthentications" },
      "#3 refused 192.0.2.1: too many failed logins",
    ],
    [
      { type: "trace", session, direction: "S", line: "250 OK", state: "expectingMail" },
      "#3 S: 250 OK  [expectingMail]",
    ],
    [{ type: "stopping", signal: "SIGINT", sessions: 0 }, "stopping on SIGINT"],
    [
      { type: "stopping", signal: "SIGTERM", sessions: 1 },
      "stopping on SIGTERM: 1 session is open, and messages on their way are waited for; the same again stops at once",
    ],
    [{ type: "stopped" }, "stopped"],
    [{ type: "error", session, message: "disk gone" }, "#3 error: disk gone"],
    [{ type: "error", message: "disk gone" }, "error: disk gone"],
  ])("shows %j", (event, text) => {
    expect(formatPretty(event, time, false)).toBe(`${clock} ${text}`);
    expect(stripVTControlCharacters(formatPretty(event, time, true) ?? "")).toBe(`${clock} ${text}`);
  });

  test("shows a session in one line, when it closes", () => {
    const opened: TerminalEvent = { type: "sessionOpened", session, role: "relay", remote: "192.0.2.1:1" };
    expect(formatPretty(opened, time, false)).toBeUndefined();
  });

  test("holds no control character, whatever the peer said; in colour none but its own", () => {
    const calm = eventsWith("calm").map(escapes);
    fc.assert(
      fc.property(hostile, (text) => {
        for (const event of eventsWith(text)) expect(formatPretty(event, time, false) ?? "").not.toMatch(control);
        expect(eventsWith(text).map(escapes)).toEqual(calm);
      }),
    );
  });
});

describe("JSON for machines", () => {
  test("is one object a line without control characters, with all that the event held", () => {
    fc.assert(
      fc.property(hostile, (text) => {
        for (const event of eventsWith(text)) {
          const line = formatJson(event, time);
          expect(line).not.toMatch(control);
          expect(JSON.parse(line)).toEqual({ time: "2026-11-21T21:12:29.000Z", ...event });
        }
      }),
    );
  });
});

function written(options: { json: boolean; isTTY?: boolean; environment?: Record<string, string> }): string[] {
  const lines: string[] = [];
  const { json, isTTY = false, environment = {} } = options;
  const terminal = new Terminal({
    stream: { isTTY, write: (text) => void lines.push(text) },
    json,
    now: () => time,
    environment,
  });
  for (const event of eventsWith("x")) terminal.show(event);
  return lines;
}

describe("the terminal", () => {
  test("writes a line for each event, opened sessions for machines only", () => {
    expect(written({ json: true })).toHaveLength(14);
    expect(written({ json: false })).toHaveLength(12);
    for (const line of written({ json: true })) expect(line.endsWith("}\n")).toBe(true);
  });

  test("is in colour for a terminal alone, and not against its user's wish", () => {
    expect(written({ json: false, isTTY: true }).join("")).toContain("\u001b[");
    for (const plain of [
      written({ json: false }),
      written({ json: true, isTTY: true }),
      written({ json: false, isTTY: true, environment: { NO_COLOR: "1" } }),
      written({ json: false, isTTY: true, environment: { TERM: "dumb" } }),
    ]) {
      expect(plain.join("")).not.toContain("\u001b");
    }
    expect(wantsColours({ isTTY: true }, { NO_COLOR: "" })).toBe(true);
  });
});

test("escaping leaves a text without control characters alone", () => {
  expect(escapeControls("250 Olá, 世界 🙂 \\o/")).toBe("250 Olá, 世界 🙂 \\o/");
  expect(escapeControls("a\u001bb\n")).toBe(String.raw`a\u001bb\u000a`);
});
