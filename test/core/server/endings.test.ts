// How a server session ends where the application wants it to: at once, or as soon as no transaction is open.

import { LocalProtocolError, reply, type Input, type ServerEvent } from "@carteiro/core";
import { describe, expect, test } from "vitest";
import { latin1, octetsOf } from "../../support/session-harness.ts";
import { accepting, approaches, pending, say, stateOf, subjects, type ServerHarness } from "./subjects.ts";

const goingDown = reply(421, "4.3.2", "Going down");

/** States in which the session reads, by what the client says to get there. */
const readingStates: Readonly<Record<string, string>> = {
  "dialogue.idle.expectingHello": "",
  "dialogue.idle.expectingMail": approaches.hello.lines,
  "dialogue.transaction.expectingFirstRecipient": approaches.mail.lines,
  "dialogue.transaction.expectingRecipientOrData": approaches.recipient.lines,
  "dialogue.transaction.receivingContent": `${approaches.data.lines}Half a mess`,
  "authenticating.expectingResponse": `${approaches.hello.lines}AUTH LOGIN\r\n`,
};

function reading(lines: string): ServerHarness {
  const harness = accepting({ authentication: { allowInClear: true } });
  if (lines !== "") say(harness, lines);
  return harness;
}

function closings(harness: ServerHarness): readonly ServerEvent[] {
  return harness.events.filter(({ type }) => type === "sessionClosed");
}

/** Nothing that happens to a closed session makes it say anything. */
function expectSilence(harness: ServerHarness): void {
  const { output } = harness;
  const told = harness.events.length;
  const inputs: readonly Input[] = [
    { type: "received", bytes: octetsOf("NOOP\r\n") },
    { type: "elapsed" },
    { type: "secured", tls: {} },
    { type: "ended" },
    { type: "broken" },
  ];
  for (const input of inputs) harness.session.handle(input, harness.now + 1e12);
  harness.submit({ type: "shutDown" });
  harness.submit({ type: "dismiss", reply: goingDown });
  expect(() => harness.submit({ type: "accept", decision: 1 })).toThrow(LocalProtocolError);
  expect({ output: harness.output, told: harness.events.length }).toEqual({ output, told });
  expect(harness.session.poll()).toEqual({ kind: "idle", wants: "nothing", deadline: undefined });
}

describe("dismiss", () => {
  test.each(subjects)("server dismisses the client while the decision on %s is pending", (subject) => {
    const { harness } = pending(subject);
    const { length } = harness.output;
    harness.submit({ type: "dismiss", reply: goingDown });
    expect(harness.output.slice(length)).toBe("421 4.3.2 Going down\r\n");
    expect(closings(harness)).toEqual([{ type: "sessionClosed", reason: "dismissed", reply: goingDown }]);
    expect(harness.closed).toBe(true);
    expectSilence(harness);
  });

  test.each(Object.entries(readingStates))("server dismisses the client in state %s", (state, lines) => {
    const harness = reading(lines);
    expect(stateOf(harness)).toBe(state);
    const { length } = harness.output;
    harness.submit({ type: "dismiss", reply: reply(550, "5.7.1", "Not any more") });
    expect(harness.output.slice(length)).toBe("550 5.7.1 Not any more\r\n");
    expect(harness.closed).toBe(true);
    expectSilence(harness);
  });

  test("server dismisses the client in the handshake without a word, since there is no channel for it", () => {
    const { harness, decision } = pending("startTls");
    harness.submit({ type: "accept", decision });
    const { output } = harness;
    harness.submit({ type: "dismiss", reply: goingDown });
    expect(harness.output).toBe(output);
    expect(harness.closed).toBe(true);
  });

  test("server takes no positive reply for a dismissal", () => {
    const harness = reading("");
    expect(() => harness.submit({ type: "dismiss", reply: reply(250, undefined, "Fine") })).toThrow(LocalProtocolError);
    expect(harness.closed).toBe(false);
  });
});

describe("shutDown", () => {
  test.each(Object.entries(readingStates))("server in state %s closes once no transaction is open", (state, lines) => {
    const harness = reading(lines);
    harness.submit({ type: "shutDown" });
    expect(harness.closed).toBe(state.startsWith("dialogue.idle"));
    if (!harness.closed) say(harness, state.endsWith("receivingContent") ? "\r\n.\r\n" : "*\r\nRSET\r\n");
    expect(harness.output.endsWith("\r\n421 4.3.2 Service is shutting down; try again later\r\n")).toBe(true);
    expect(closings(harness)).toMatchObject([{ reason: "shutDown", reply: { code: 421 } }]);
    expectSilence(harness);
  });

  test.each(subjects)("server takes the decision on %s before it shuts down", (subject) => {
    const { harness, decision } = pending(subject);
    harness.submit({ type: "shutDown" });
    expect(harness.closed).toBe(false);
    harness.submit({ type: "reject", decision, reply: reply(450, "4.3.0", "Not now") });
    const isOpen = subject === "recipient";
    expect(harness.closed).toBe(!isOpen);
    if (isOpen) say(harness, "RSET\r\n");
    expect(harness.output).toMatch(/450 .*\r\n(250 .*\r\n)?421 4\.3\.2 .*\r\n$/);
  });

  test("server lets a transaction in which content is under way come to its end", () => {
    const harness = reading(`${approaches.data.lines}Hello\r\n`);
    harness.submit({ type: "shutDown", reply: goingDown });
    say(harness, ".\r\nMAIL FROM:<late@example.org>\r\n");
    expect(harness.output.endsWith("250 2.6.0 Message accepted\r\n421 4.3.2 Going down\r\n")).toBe(true);
    expect(latin1(...harness.events.flatMap((event) => (event.type === "contentReceived" ? [event.bytes] : [])))).toBe(
      "Hello\r\n",
    );
  });

  test("server told twice closes once", () => {
    const harness = reading(approaches.mail.lines);
    harness.submit({ type: "shutDown" });
    harness.submit({ type: "shutDown", reply: goingDown });
    say(harness, "RSET\r\n");
    expect(harness.output.split("\r\n").filter((line) => line.startsWith("421"))).toEqual(["421 4.3.2 Going down"]);
    expect(closings(harness)).toHaveLength(1);
  });

  test("server that shuts down does not wait for ever for a transaction to end", () => {
    const harness = reading(approaches.mail.lines);
    harness.submit({ type: "shutDown" });
    harness.runOut();
    expect(closings(harness)).toMatchObject([{ reason: "timeout" }]);
  });
});
