// Decisions of the application: each asked once, answered once, in time, and with a reply that says what the intent does.

import { LocalProtocolError, reply, type ServerIntent } from "@carteiro/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { approaches, pending, stateOf, subjects, yes, type ServerHarness } from "./subjects.ts";

const refusal = reply(550, "5.7.1", "No");

/** The intent throws, and nothing comes of it. */
function expectThrown(harness: ServerHarness, intent: ServerIntent): void {
  const before = { state: stateOf(harness), output: harness.output, events: harness.events.length };
  const { idle } = harness;
  expect(() => harness.submit(intent)).toThrow(LocalProtocolError);
  expect(harness.session.poll()).toEqual(idle);
  expect({ state: stateOf(harness), output: harness.output, events: harness.events.length }).toEqual(before);
}

describe.each(subjects)("the decision on %s", (subject) => {
  const { event, code } = approaches[subject];

  test("server asks once, and waits", () => {
    const { harness } = pending(subject);
    expect(harness.idle.wants).toBe("intent");
    expect(harness.events.filter(({ type }) => type === event)).toHaveLength(1);
    const { output } = harness;
    harness.elapse();
    expect(harness.output).toBe(output);
    expect(harness.idle.wants).toBe("intent");
  });

  test("server takes an answer to no other decision", () => {
    fc.assert(
      fc.property(fc.integer(), (number) => {
        const { harness, decision } = pending(subject);
        if (number !== decision) expectThrown(harness, yes(subject, number));
        harness.submit(yes(subject, decision));
        expect(harness.idle.wants).not.toBe(subject === "startTls" ? "input" : "intent");
      }),
    );
  });

  test("server takes no second answer", () => {
    const { harness, decision } = pending(subject);
    harness.submit({ type: "reject", decision, reply: refusal });
    expectThrown(harness, { type: "reject", decision, reply: refusal });
    expectThrown(harness, yes(subject, decision));
  });

  test("server takes no answer that comes too late", () => {
    const { harness, decision } = pending(subject);
    harness.advance();
    expect(harness.events).toContainEqual({ type: "decisionExpired", decision, about: subject });
    expectThrown(harness, yes(subject, decision));
  });

  test("server takes no answer for a client that has gone", () => {
    const { harness, decision } = pending(subject);
    harness.break();
    expect(harness.closed).toBe(true);
    expectThrown(harness, yes(subject, decision));
  });

  test("server takes no answer once the client was dismissed", () => {
    const { harness, decision } = pending(subject);
    harness.submit({ type: "dismiss", reply: reply(421, "4.3.2", "Going down") });
    expectThrown(harness, yes(subject, decision));
  });

  test("server accepts with a reply of the right class only", () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 5 }), fc.nat(5), fc.nat(9), (first, second, third) => {
        const { harness, decision } = pending(subject);
        const own = reply(first * 100 + second * 10 + third, undefined, "As I say");
        const fits = [220, 235, 334, 354].includes(code) ? own.code === code && code !== 334 : first === 2;
        const accepting = { ...yes(subject, decision), type: "accept", decision, reply: own } as ServerIntent;
        if (!fits) return expectThrown(harness, accepting);
        harness.submit(accepting);
        // What was fetched goes on as a chunk, and is answered as one.
        const said = subject === "reference" ? "250 2.0.0 7 octets received" : `${own.code} As I say`;
        expect(harness.output.endsWith(`${said}\r\n`)).toBe(true);
      }),
    );
  });

  test("server rejects with a 4yz or 5yz reply only", () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 5 }), fc.nat(5), fc.nat(9), (first, second, third) => {
        const { harness, decision } = pending(subject);
        const own = reply(first * 100 + second * 10 + third, undefined, "As I say");
        if (first < 4) return expectThrown(harness, { type: "reject", decision, reply: own });
        harness.submit({ type: "reject", decision, reply: own });
        expect(harness.output.endsWith(`${own.code} As I say\r\n`)).toBe(true);
        expect(harness.closed).toBe(own.code === 421);
      }),
    );
  });
});

describe("a mechanism's question", () => {
  const keys = { salt: Uint8Array.of(1), iterations: 1, storedKey: new Uint8Array(32), serverKey: new Uint8Array(32) };

  test("server takes an answer of the question's kind only, and no acceptance", () => {
    const { harness, decision } = pending("credentials");
    expectThrown(harness, { type: "accept", decision });
    for (const answer of [
      { type: "secretFound", secret: "open sesame" },
      { type: "tokenChecked", user: "user" },
      { type: "identityDecided", user: "user" },
    ] as const)
      expectThrown(harness, { type: "answer", decision, answer });
    harness.submit({ type: "answer", decision, answer: { type: "keysFound", keys } });
    expect(harness.output.split("\r\n").at(-2)).toMatch(/^334 ./);
  });

  test.each([
    { salt: new Uint8Array(0) },
    { iterations: 0 },
    { iterations: 1.5 },
    { storedKey: new Uint8Array(20) },
    { serverKey: new Uint8Array(33) },
  ])("server takes no keys with %j", (wrong) => {
    const { harness, decision } = pending("credentials");
    expectThrown(harness, { type: "answer", decision, answer: { type: "keysFound", keys: { ...keys, ...wrong } } });
  });

  test("server takes an answer to nothing else", () => {
    for (const subject of subjects.filter((other) => other !== "credentials")) {
      const { harness, decision } = pending(subject);
      expectThrown(harness, { type: "answer", decision, answer: { type: "identityDecided", user: "user" } });
    }
  });
});

describe("decisions of a session", () => {
  test("server numbers them, each anew", () => {
    const { harness } = pending("message");
    const numbers = harness.events.flatMap((event) => ("decision" in event ? [event.decision] : []));
    expect(numbers).toEqual([1, 2, 3, 4, 5, 6]);
  });
});
