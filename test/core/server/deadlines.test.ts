// Deadlines: every state has one, its length is in the options, and progress sets it back (RFC 5321 section 4.5.3.2.7).

import { defaultServerTimeouts, type DecisionSubject, type ServerEvent, type ServerTimeouts } from "@carteiro/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { SessionHarness } from "../../support/session-harness.ts";
import { accepting, approaches, newSession, pending, say, stateOf, subjects, type ServerHarness } from "./subjects.ts";

const timeouts: ServerTimeouts = {
  command: 1_001,
  content: 1_002,
  decision: 1_003,
  message: 1_004,
  tls: 1_005,
  proxy: 1_006,
  session: 100_000,
  errorDelay: 0,
  authenticationDelay: 0,
};

const expiry: Readonly<Record<DecisionSubject, string>> = {
  connection: "421 Timed out; closing the connection",
  hello: "451 No decision in time; try again later",
  startTls: "454 4.7.0 TLS is not available now; try again later",
  authentication: "454 4.7.0 Authentication failed for now; try again later",
  credentials: "454 4.7.0 Authentication failed for now; try again later",
  mail: "451 4.3.0 No decision in time; try again later",
  recipient: "451 4.3.0 No decision in time; try again later",
  data: "451 4.3.0 No decision in time; try again later",
  reference: "451 4.3.0 No decision in time; try again later",
  message: "451 4.3.0 No decision in time; try again later",
  verify: "451 4.3.0 No decision in time; try again later",
  expand: "451 4.3.0 No decision in time; try again later",
  help: "451 4.3.0 No decision in time; try again later",
  reset: "451 4.3.0 No decision in time; try again later",
  command: "451 4.3.0 No decision in time; try again later",
};

describe("decisions", () => {
  test.each(subjects)("server gives the application its time to decide on %s, and no more", (subject) => {
    const { harness, decision } = pending(subject, { timeouts });
    const length = subject === "message" ? timeouts.message : timeouts.decision;
    expect(harness.idle.deadline).toBe(length);
    const { output } = harness;
    harness.now = length - 1;
    harness.elapse();
    expect(harness.output).toBe(output);
    expect(harness.idle).toMatchObject({ wants: "intent", deadline: length });
    harness.now = length;
    harness.elapse();
    expect(harness.events).toContainEqual({ type: "decisionExpired", decision, about: subject });
    expect(harness.output.slice(output.length)).toBe(`${expiry[subject]}\r\n`);
    expect(harness.closed).toBe(subject === "connection");
  });
});

describe("the client", () => {
  const states: readonly (readonly [state: string, lines: string, timeout: keyof ServerTimeouts])[] = [
    ["dialogue.idle.expectingHello", "", "command"],
    ["dialogue.idle.expectingMail", approaches.hello.lines, "command"],
    ["dialogue.transaction.expectingFirstRecipient", approaches.mail.lines, "command"],
    ["dialogue.transaction.expectingRecipientOrData", approaches.recipient.lines, "command"],
    ["dialogue.transaction.receivingContent", approaches.data.lines, "content"],
    ["dialogue.transaction.receivingChunk", `${approaches.recipient.lines}BDAT 6\r\n`, "content"],
    ["dialogue.transaction.expectingChunk", `${approaches.recipient.lines}BDAT 1\r\nx`, "command"],
    ["aside.discardingChunk", `${approaches.hello.lines}BDAT 6\r\n`, "content"],
    ["authenticating.expectingResponse", `${approaches.hello.lines}AUTH LOGIN\r\n`, "command"],
  ];

  test.each(states)("server in state %s closes on a client that says nothing", (state, lines, timeout) => {
    const harness = accepting({ timeouts, authentication: { allowInClear: true } });
    if (lines !== "") say(harness, lines);
    expect(stateOf(harness)).toBe(state);
    expect(harness.idle.deadline).toBe(timeouts[timeout]);
    harness.now = timeouts[timeout] - 1;
    harness.elapse();
    expect(harness.closed).toBe(false);
    harness.now += 1;
    harness.elapse();
    expect(harness.closed).toBe(true);
    expect(harness.output.endsWith("421 4.4.2 Timed out; closing the connection\r\n")).toBe(true);
  });

  test("server closes on a handshake that does not end, without a word", () => {
    const { harness, decision } = pending("startTls", { timeouts });
    harness.submit({ type: "accept", decision });
    expect(harness.idle).toMatchObject({ wants: "intent", deadline: timeouts.tls });
    const { output } = harness;
    harness.now = timeouts.tls;
    harness.elapse();
    expect(harness.closed).toBe(true);
    expect(harness.output).toBe(output);
  });

  test("server sets a command's time back with a whole line, and with nothing less", () => {
    const harness = accepting({ timeouts });
    harness.now = 500;
    say(harness, "NOO");
    expect(harness.idle.deadline).toBe(timeouts.command);
    harness.now = 600;
    say(harness, "P\r\n");
    expect(harness.idle.deadline).toBe(600 + timeouts.command);
  });

  test("server sets the content's time back with each thousand octets, however they come", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 700 }), { maxLength: 12 }), (sizes) => {
        const harness = accepting({ timeouts: { ...timeouts, session: 1e9 }, limits: { contentRate: 0 } });
        say(harness, approaches.data.lines);
        let since = 0;
        let block = 0;
        for (const [index, size] of sizes.entries()) {
          harness.now = index * 10;
          say(harness, "x".repeat(size));
          block += size;
          if (block >= 1_000) {
            since = harness.now;
            block = 0;
          }
          expect(harness.idle.deadline).toBe(since + timeouts.content);
        }
      }),
    );
  });

  test.each([
    ["behind 354", approaches.data.lines],
    ["in a chunk", `${approaches.recipient.lines}BDAT 100000\r\n`],
  ])("server closes on content %s that comes too slowly, once its first time is over", (_, lines) => {
    const contentRate = 1_000;
    const sizes = fc.array(fc.tuple(fc.integer({ min: 1, max: 3_000 }), fc.nat(900)), { maxLength: 12 });
    fc.assert(
      fc.property(sizes, (pieces) => {
        const harness = accepting({ timeouts: { ...timeouts, session: 1e9 }, limits: { contentRate } });
        say(harness, lines);
        let received = 0;
        for (const [size, pause] of pieces) {
          harness.passTo(harness.now + pause);
          const affordable = Math.max(timeouts.content, (received * 1_000) / contentRate);
          if (harness.now >= affordable) expect(harness.closed).toBe(true);
          if (harness.closed) return;
          say(harness, "x".repeat(size));
          received += size;
          expect(harness.idle.deadline).toBeLessThanOrEqual(
            Math.max(timeouts.content, (received * 1_000) / contentRate),
          );
        }
      }),
    );
  });

  test("server takes chunks as one content: the pauses between them are its own", () => {
    const harness = accepting({ timeouts: { ...timeouts, session: 1e9 } });
    say(harness, `${approaches.recipient.lines}BDAT 50\r\n${"x".repeat(50)}`);
    harness.passTo(timeouts.content + 1);
    expect(harness.closed).toBe(true);
    const other = accepting({ timeouts: { ...timeouts, command: 10_000, session: 1e9 } });
    say(other, `${approaches.recipient.lines}BDAT 50\r\n${"x".repeat(50)}`);
    other.passTo(timeouts.content - 1);
    expect(other.closed).toBe(false);
    say(other, "BDAT 50\r\n");
    other.passTo(timeouts.content);
    expect(other.closed).toBe(true);
    expect(other.output.endsWith("421 4.4.2 Timed out; closing the connection\r\n")).toBe(true);
  });
});

describe("the session", () => {
  test("server ends it after the time it may take in all, however busy it is", () => {
    const harness = accepting({ timeouts: { ...timeouts, session: 5_000 } });
    for (let now = 900; now < 5_000; now += 900) {
      harness.now = now;
      say(harness, "NOOP\r\n");
      expect(harness.idle.deadline).toBe(Math.min(now + timeouts.command, 5_000));
    }
    harness.now = 5_000;
    harness.elapse();
    expect(harness.closed).toBe(true);
    expect(harness.events.at(-1)).toMatchObject({ type: "sessionClosed", reason: "timeout" });
  });

  test("server ends it in the midst of a decision too", () => {
    const { harness } = pending("mail", { timeouts: { ...timeouts, session: 700 } });
    harness.now = 700;
    harness.elapse();
    expect(harness.closed).toBe(true);
    expect(harness.output.endsWith("421 4.4.2 Timed out; closing the connection\r\n")).toBe(true);
  });
});

describe("options", () => {
  test("server waits five minutes for commands and content by default, as RFC 5321 demands", () => {
    expect(defaultServerTimeouts.command).toBeGreaterThanOrEqual(300_000);
    expect(defaultServerTimeouts.content).toBeGreaterThanOrEqual(300_000);
  });

  test("server decides by default before clients lose patience: five minutes, and ten for the message", () => {
    expect(defaultServerTimeouts.decision).toBeLessThan(300_000);
    expect(defaultServerTimeouts.message).toBeLessThan(600_000);
  });

  test.each(Object.keys(defaultServerTimeouts))("server refuses a %s timeout that is not greater than zero", (name) => {
    const mayBeNone = name.endsWith("Delay");
    for (const bad of mayBeNone ? [-1, Number.NaN] : [0, -1, Number.NaN]) {
      expect(() => newSession({ timeouts: { [name]: bad } })).toThrow(new RegExp(`^timeouts\\.${name} is `));
      expect(() => newSession({ timeouts: { [name]: bad } })).toThrow(RangeError);
    }
  });
});

describe("an application that holds back", () => {
  const slow = { ...timeouts, session: 1e9 };
  const inContent = [
    ["in content behind 354", approaches.data.lines],
    ["in a chunk", `${approaches.recipient.lines}BDAT 100000\r\n`],
    ["between chunks", `${approaches.recipient.lines}BDAT 1\r\nx`],
  ] as const;

  test.each(inContent)("server lets the client's clock stand still %s while it is not read", (_, lines) => {
    const harness = accepting({ timeouts: { ...slow, message: 1_000_000 }, limits: { contentRate: 1_000 } });
    say(harness, lines);
    const allowed = harness.idle.deadline ?? 0;
    harness.now = 500;
    harness.hold("paused");
    expect(harness.idle.deadline).toBe(500 + 1_000_000);
    harness.passTo(900_500);
    expect(harness.closed).toBe(false);
    harness.hold("resumed");
    expect(harness.idle.deadline).toBeGreaterThanOrEqual(900_000 + allowed);
    harness.passTo(900_500 + allowed);
    expect(harness.closed).toBe(true);
  });

  test("server counts no time of the application's to the rate at which content comes", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(400), fc.nat(2_000)), { maxLength: 10 }), (pauses) => {
        const limits = { contentRate: 1_000 };
        const [paused, other] = [accepting({ timeouts: slow, limits }), accepting({ timeouts: slow, limits })];
        for (const harness of [paused, other]) say(harness, approaches.data.lines);
        let held = 0;
        for (const [reading, holding] of pauses) {
          for (const harness of [paused, other]) harness.passTo(harness.now + reading);
          if (other.closed) break;
          paused.hold("paused");
          if (holding < timeouts.message) paused.passTo(paused.now + holding);
          if (holding < timeouts.message) held += holding;
          paused.hold("resumed");
          for (const harness of [paused, other]) say(harness, "x".repeat(1_000));
        }
        expect(paused.closed).toBe(other.closed);
        if (!other.closed) expect(paused.idle.deadline).toBe((other.idle.deadline ?? 0) + held);
      }),
    );
  });

  test("server counts no decision of the application's to the rate at which content comes", () => {
    const limits = { contentRate: 1_000 };
    const harness: ServerHarness = new SessionHarness(newSession({ timeouts: { ...slow, decision: 1e6 }, limits }), {
      answer: (event: ServerEvent) =>
        "decision" in event && event.type !== "decisionExpired"
          ? { intent: { type: "accept", decision: event.decision }, after: event.type === "helpReceived" ? 900_000 : 0 }
          : undefined,
    });
    say(harness, `${approaches.recipient.lines}BDAT 1\r\nxHELP\r\n`);
    harness.passTo(900_000);
    expect(harness.output).toMatch(/214 .*\r\n$/);
    expect(harness.idle.deadline).toBe(900_000 + timeouts.command);
  });

  test.each(inContent)("server gives it its time %s, then refuses the rest with 451 and goes on", (_, lines) => {
    const harness = accepting({ timeouts: slow });
    say(harness, lines);
    harness.hold("paused");
    harness.passTo(timeouts.message - 1);
    expect(harness.events).not.toContainEqual(expect.objectContaining({ type: "contentRefused" }));
    harness.passTo(timeouts.message);
    expect(harness.events).toContainEqual({ type: "contentRefused", reply: expect.objectContaining({ code: 451 }) });
    expect(harness.idle.deadline).toBeGreaterThan(timeouts.message);
    harness.hold("resumed");
    const { output } = harness;
    const rest = lines === approaches.data.lines ? "x\r\n.\r\n" : "x".repeat(lines.endsWith("x") ? 0 : 100_000);
    say(harness, lines.endsWith("x") ? "BDAT 1 LAST\r\nx" : rest);
    expect(harness.output.slice(output.length)).toBe(`${expiry.message}\r\n`);
    expect(harness.closed).toBe(false);
    expect(stateOf(harness)).toBe("dialogue.idle.expectingMail");
  });
});

test("server closes on a client that sends chunks, but so few that its content comes too slowly", () => {
  const harness = accepting({ timeouts: { ...timeouts, command: 1e6, session: 1e9 }, limits: { contentRate: 1_000 } });
  say(harness, `${approaches.recipient.lines}BDAT 1\r\nx`);
  expect(harness.idle.deadline).toBe(timeouts.content);
  for (let chunks = 0; chunks < 100 && !harness.closed; chunks++) {
    say(harness, "BDAT 1\r\nx");
    harness.passTo(harness.now + 100);
  }
  expect(harness.now).toBeLessThanOrEqual(timeouts.content + 100);
  expect(harness.output.endsWith("421 4.4.2 Timed out; closing the connection\r\n")).toBe(true);
});
