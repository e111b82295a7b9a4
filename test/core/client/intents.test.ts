// What an application may want of a client session, and when: anything else throws, and changes nothing.

import { esmtpParameter, InvalidValueError, LocalProtocolError, mailbox, type ClientIntent } from "@carteiro/core";
import { describe, expect, test } from "vitest";
import { octetsOf } from "../../support/session-harness.ts";
import { hear, inState, send, stateOf, states, type ClientHarness } from "./states.ts";

/** These servers offer no extension with a command. */
const nowhere: readonly string[] = [];
const takingContent = ["transaction.sendingContent", "transaction.sendingChunks"];
const intents: readonly (readonly [name: string, intent: ClientIntent, possibleIn: readonly string[]])[] = [
  ["send", send, ["ready"]],
  ["ask", { type: "ask", verb: "VRFY", argument: "jones" }, ["ready"]],
  ["command", { type: "command", verb: "ETRN", argument: "example.org" }, nowhere],
  ["quit", { type: "quit" }, ["ready"]],
  [
    "authenticate",
    { type: "authenticate", credentials: { user: "user", password: "secret" } },
    ["opening.expectingCredentials"],
  ],
  ["content", { type: "content", bytes: octetsOf("Hello\r\n") }, takingContent],
  ["endContent", { type: "endContent" }, takingContent],
];

function expectUnmoved(harness: ClientHarness, act: () => void): void {
  const before = { state: stateOf(harness), output: harness.output, events: harness.events.length };
  const { idle } = harness;
  act();
  expect(harness.session.poll()).toEqual(idle);
  expect({ state: stateOf(harness), output: harness.output, events: harness.events.length }).toEqual(before);
}

describe.each([...states, "closed"])("in state %s", (state) => {
  function here(): ClientHarness {
    if (state !== "closed") return inState(state);
    const harness = inState("expectingGreeting");
    harness.break();
    return harness;
  }

  test.each(intents)("client takes %s only where it is possible", (_, intent, possibleIn) => {
    const harness = here();
    if (possibleIn.includes(state)) {
      harness.submit(intent);
      expect(harness.events.filter(({ type }) => type === "sessionClosed")).toEqual([]);
      return;
    }
    expectUnmoved(harness, () => expect(() => harness.submit(intent)).toThrow(LocalProtocolError));
  });

  test("client aborts, and closes without another word", () => {
    const harness = here();
    const { output } = harness;
    harness.submit({ type: "abort" });
    expect(harness.closed).toBe(true);
    expect(harness.output).toBe(output);
    if (state !== "closed")
      expect(harness.events.at(-1)).toMatchObject({
        type: "sessionClosed",
        // The reason for cancelling an exchange is kept.
        failure: state === "opening.expectingCancelReply" ? { kind: "protocol" } : { kind: "aborted", during: state },
      });
    expectUnmoved(harness, () => harness.submit({ type: "abort" }));
  });

  test("client tells what became of a transaction exactly once, whatever ends the session", () => {
    for (const end of ["ended", "broken", "elapsed", "abort", "421", "nonsense"]) {
      const harness = here();
      if (end === "abort") harness.submit({ type: "abort" });
      else if (end === "421" || end === "nonsense") hear(harness, end === "421" ? "421 Going down" : end);
      else harness.session.handle({ type: end === "ended" || end === "broken" ? end : "elapsed" }, 1e9);
      while (!harness.closed && harness.advance()) continue;
      const told = harness.events.map(({ type }) => type).filter((type) => type !== "lineTraced");
      const isTransaction = state.startsWith("transaction");
      expect(told.filter((type) => type === "transactionEnded")).toHaveLength(isTransaction ? 1 : 0);
      if (state !== "closed") expect(told.at(-1)).toBe("sessionClosed");
      expect(told.filter((type) => type === "sessionClosed")).toHaveLength(1);
    }
  });
});

describe("values", () => {
  const lineBreaks = ["jones\r\nRCPT TO:<x@example.com>", "jones\n", "\0", "", " jones", "jones SMTPUTF8"];

  test.each(lineBreaks)("client asks nothing that cannot stand in one line: %j", (argument) => {
    for (const verb of ["VRFY", "EXPN", "HELP"] as const) {
      if (verb === "HELP" && argument === "") continue;
      const harness = inState("ready");
      expectUnmoved(harness, () => {
        expect(() => harness.submit({ type: "ask", verb, argument })).toThrow(InvalidValueError);
      });
      harness.submit({ type: "ask", verb: "NOOP" });
      expect(harness.output.endsWith("\r\nNOOP\r\n")).toBe(true);
    }
  });

  test.each(["VRFY\r\nRSET", "RSET\r\nVRFY", "MAIL", "QUIT", "", "constructor"])(
    "client asks by no other verb: %j",
    (verb) => {
      // As it may come out of somebody's JSON, where no type keeps anything out.
      const forged = JSON.parse(JSON.stringify({ type: "ask", verb, argument: "jones" })) as ClientIntent;
      const harness = inState("ready");
      expectUnmoved(harness, () => expect(() => harness.submit(forged)).toThrow(LocalProtocolError));
    },
  );

  test("client sends no address and no parameter that would end its command early", () => {
    for (const text of ["a@b> SIZE=1", "a@b\r\nQUIT", "a b@c", "a@b c", '"a\r\n"@b', "a@b>", "<a@b"]) {
      expect(() => mailbox(text)).toThrow(InvalidValueError);
    }
    expect(mailbox('"a> RCPT TO:<x"@b').address).toBe('"a> RCPT TO:<x"@b');
    for (const [keyword, value] of [
      ["SIZE", "1\r\nQUIT"],
      ["SIZE", "1 BODY=7BIT"],
      ["SI ZE", "1"],
      ["", "1"],
      ["SIZE", ""],
    ] as const) {
      expect(() => esmtpParameter(keyword, value)).toThrow(InvalidValueError);
    }
  });

  test("client that was refused a message by itself is ready for another", () => {
    const harness = inState("ready");
    const unsendable: ClientIntent = { ...send, smtputf8: true };
    expectUnmoved(harness, () => expect(() => harness.submit(unsendable)).toThrow(LocalProtocolError));
    expectUnmoved(harness, () => expect(() => harness.submit({ ...send, recipients: [] })).toThrow(LocalProtocolError));
    harness.submit(send);
    expect(harness.output.endsWith("MAIL FROM:<smith@example.org>\r\n")).toBe(true);
  });
});

describe("content", () => {
  test("client writes it as it comes, under its credit: octets leave with each poll", () => {
    const harness = inState("transaction.sendingContent", { limits: { bufferedOutput: 100 } });
    const { length } = harness.output;
    for (let line = 0; line < 50; line += 1) harness.submit({ type: "content", bytes: octetsOf("0123456789\r\n") });
    expect(harness.output.slice(length)).toBe("0123456789\r\n".repeat(50));
  });

  test("client writes a pipelined group at once", () => {
    const harness = inState("transaction.expectingEmptyContentReply");
    const group = harness.written.map((bytes) => Buffer.from(bytes).toString("latin1"));
    expect(group).toContain("MAIL FROM:<smith@example.org>\r\nRCPT TO:<jones@example.com>\r\nDATA\r\n");
  });
});
