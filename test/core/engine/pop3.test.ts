// The engine on another line protocol than SMTP: the POP3 chart in both runners, and a session of it, bytes in, bytes out.

import { LocalProtocolError } from "@carteiro/core";
import type { Output } from "@carteiro/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { pop3Chart, pop3Verbs } from "../../support/pop3-chart.ts";
import type { Pop3Facts, Pop3Happening } from "../../support/pop3-chart.ts";
import { Pop3Session } from "../../support/pop3-session.ts";
import type { Pop3Event, Pop3Intent } from "../../support/pop3-session.ts";
import { expectAgreement } from "./agreement.ts";

const numRuns = Number(process.env["CARTEIRO_RUNS"] ?? 200);
const timeout = 20_000 + numRuns * 25;
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe("the POP3 chart", () => {
  const command = fc.record({ type: fc.constantFrom(...pop3Verbs), argument: fc.constantFrom("", "1", "2", "3", "9") });
  const happening: fc.Arbitrary<Pop3Happening> = fc.oneof(
    { weight: 10, arbitrary: command },
    // So that the transaction is reached often.
    {
      weight: 4,
      arbitrary: fc.constantFrom<Pop3Happening>({ type: "USER", argument: "ana" }, { type: "PASS", argument: "x" }),
    },
    { weight: 4, arbitrary: fc.constantFrom<Pop3Happening>({ type: "ACCEPTED" }, { type: "REJECTED", text: "No" }) },
    { weight: 1, arbitrary: fc.constantFrom<Pop3Happening>({ type: "UNKNOWN" }, { type: "OVERLONG" }) },
  );
  const facts: fc.Arbitrary<Pop3Facts> = fc.record({
    sizes: fc.array(fc.nat(999), { maxLength: 3 }),
    deleted: fc.uniqueArray(fc.integer({ min: 1, max: 3 })).map((numbers) => new Set(numbers)),
  });

  const passage = fc.array(fc.record({ event: happening, facts }), { maxLength: 60, size: "max" });

  test("means the same interpreted and compiled", { timeout }, () => {
    fc.assert(
      fc.property(passage, (occurrences) => {
        expectAgreement(pop3Chart, occurrences);
      }),
      { numRuns },
    );
  });

  test("is held against itself in all of its states", () => {
    const passages = fc.sample(passage, { numRuns: 200, seed: 1939 });
    const visited = new Set(passages.flatMap((occurrences) => expectAgreement(pop3Chart, occurrences).states));
    expect([...visited].toSorted()).toEqual([
      "authorization.decidingLogin",
      "authorization.expectingPassword",
      "authorization.expectingUser",
      "closed",
      "transaction.expectingCommand",
      "update.removingMessages",
    ]);
  });

  test("says of each state what it is for, which RFC it comes from and its timeout", () => {
    const states = Object.values(pop3Chart.root.states);
    for (const state of states.flatMap((phase) => [phase, ...Object.values(phase.states)])) {
      expect(state.description, state.id).toMatch(/\w/);
      expect({ ...pop3Chart.root.meta, ...state.parent?.meta, ...state.meta }, state.id).toMatchObject({
        rfc: expect.stringContaining("RFC 1939"),
        timeout: "autologout",
      });
    }
  });
});

const letter = "Subject: hello\r\n\r\n.one dot\r\nno end";
const note = "Subject: note\r\n\r\nBoa tarde\r\n";
const maildrop = [bytes(letter), bytes(note)];

/** A session and what came out of it. */
class Dialogue {
  readonly session = new Pop3Session(maildrop, 0);
  readonly events: Pop3Event[] = [];
  readonly written: string[] = [];
  closed = false;
  idle: Output<Pop3Event> = this.drain();

  /** Sends lines and returns what is written in answer. */
  says(...lines: string[]): string {
    return this.receives(bytes(lines.map((line) => `${line}\r\n`).join("")));
  }

  receives(chunk: Uint8Array, now = 0): string {
    this.session.handle({ type: "received", bytes: chunk }, now);
    return this.answer();
  }

  decides(intent: Pop3Intent, now = 0): string {
    this.session.submit(intent, now);
    return this.answer();
  }

  answer(): string {
    const before = this.written.length;
    this.idle = this.drain();
    return this.written.slice(before).join("");
  }

  drain(): Output<Pop3Event> {
    for (;;) {
      const output = this.session.poll();
      if (output.kind === "idle") return output;
      if (output.kind === "event") this.events.push(output.event);
      else if (output.effect.type === "write") this.written.push(new TextDecoder().decode(output.effect.bytes));
      else this.closed = output.effect.type === "close";
    }
  }
}

function loggedIn(): Dialogue {
  const dialogue = new Dialogue();
  dialogue.says("USER ana", "PASS tan staaf");
  dialogue.decides({ type: "accept" });
  return dialogue;
}

describe("a POP3 session", () => {
  test("greets, waits for the decision on the password and opens the maildrop", () => {
    const dialogue = new Dialogue();
    expect(dialogue.written).toEqual(["+OK POP3 server ready\r\n"]);
    expect(dialogue.idle).toEqual({ kind: "idle", wants: "input", deadline: 600_000 });
    expect(dialogue.says("user ana", "PASS tan staaf")).toBe("+OK Send PASS\r\n");
    expect(dialogue.events).toEqual([{ type: "loginRequested", mailbox: "ana", password: "tan staaf" }]);
    expect(dialogue.idle).toMatchObject({ wants: "intent" });
    expect(dialogue.decides({ type: "accept" })).toBe("+OK Maildrop locked and ready\r\n");
    expect(dialogue.session.state).toBe("transaction.expectingCommand");
  });

  test("starts over when the password is rejected", () => {
    const dialogue = new Dialogue();
    dialogue.says("USER ana", "PASS no");
    expect(dialogue.decides({ type: "reject", text: "Never heard of you" })).toBe("-ERR Never heard of you\r\n");
    expect(dialogue.says("PASS yes")).toBe("-ERR Not allowed now\r\n");
  });

  test("answers what was pipelined behind a decision after it, in order", () => {
    const dialogue = new Dialogue();
    expect(dialogue.says("USER ana", "PASS x", "STAT", "NOOP")).toBe("+OK Send PASS\r\n");
    expect(dialogue.decides({ type: "accept" })).toBe(
      `+OK Maildrop locked and ready\r\n+OK 2 ${letter.length + note.length}\r\n+OK Still here\r\n`,
    );
  });

  test("lists messages and sends them with dots stuffed", () => {
    const dialogue = loggedIn();
    expect(dialogue.says("LIST")).toBe(`+OK 2 messages\r\n1 ${letter.length}\r\n2 ${note.length}\r\n.\r\n`);
    expect(dialogue.says("LIST 2")).toBe(`+OK 2 ${note.length}\r\n`);
    expect(dialogue.says("RETR 1")).toBe(
      `+OK ${letter.length} octets\r\nSubject: hello\r\n\r\n..one dot\r\nno end\r\n.\r\n`,
    );
    expect(dialogue.says("RETR 2")).toBe(`+OK ${note.length} octets\r\n${note}.\r\n`);
    expect(dialogue.says("RETR 3", "LIST x", "RETR")).toBe("-ERR No such message\r\n".repeat(3));
  });

  test("hides what is marked as deleted until RSET", () => {
    const dialogue = loggedIn();
    expect(dialogue.says("DELE 1", "DELE 1", "RETR 1")).toBe(
      `+OK Message deleted\r\n${"-ERR No such message\r\n".repeat(2)}`,
    );
    expect(dialogue.says("STAT", "RSET", "STAT")).toBe(
      `+OK 1 ${note.length}\r\n+OK Nothing is deleted\r\n+OK 2 ${letter.length + note.length}\r\n`,
    );
  });

  test("has deleted messages removed after QUIT, and closes", () => {
    const dialogue = loggedIn();
    expect(dialogue.says("DELE 2", "DELE 1", "QUIT", "NOOP")).toBe("+OK Message deleted\r\n".repeat(2));
    expect(dialogue.events.at(-1)).toEqual({ type: "removalRequested", messages: [1, 2] });
    expect(dialogue.closed).toBe(false);
    expect(dialogue.decides({ type: "reject", text: "Some are left" })).toBe("-ERR Some are left\r\n");
    expect(dialogue.closed).toBe(true);
    expect(dialogue.idle).toEqual({ kind: "idle", wants: "nothing", deadline: undefined });
  });

  test("closes at once on QUIT where nothing is deleted, before the login too", () => {
    for (const dialogue of [new Dialogue(), loggedIn()]) {
      expect(dialogue.says("QUIT")).toBe("+OK Goodbye\r\n");
      expect(dialogue.closed).toBe(true);
    }
  });

  test("closes without a word ten minutes after the last command, and not before", () => {
    const dialogue = loggedIn();
    dialogue.receives(bytes("NOOP\r\nDELE 1\r\n"), 1000);
    expect(dialogue.idle).toMatchObject({ deadline: 601_000 });
    dialogue.receives(bytes("NOO"), 2000);
    dialogue.session.handle({ type: "elapsed" }, 600_999);
    expect(dialogue.answer()).toBe("");
    expect(dialogue.closed).toBe(false);
    dialogue.session.handle({ type: "elapsed" }, 601_000);
    expect(dialogue.answer()).toBe("");
    expect(dialogue.closed).toBe(true);
    expect(dialogue.events.filter(({ type }) => type === "removalRequested")).toEqual([]);
  });

  test("closes when the client is gone, and hears nothing any more", () => {
    const dialogue = loggedIn();
    dialogue.session.handle({ type: "ended" }, 0);
    expect(dialogue.answer()).toBe("");
    expect(dialogue.closed).toBe(true);
    expect(dialogue.says("STAT")).toBe("");
  });

  test("ends on a line longer than 255 octets, and takes one of 255", () => {
    expect(loggedIn().receives(bytes(`LIST ${"9".repeat(248)}\r\n`))).toBe("-ERR No such message\r\n");
    expect(loggedIn().receives(bytes(`LIST ${"9".repeat(249)}\r\n`))).toBe("-ERR Line too long\r\n");
    const endless = loggedIn();
    expect(endless.receives(bytes("9".repeat(255)))).toBe("-ERR Line too long\r\n");
    expect(endless.closed).toBe(true);
  });

  test("throws at an intent that nobody asked for", () => {
    expect(() => loggedIn().decides({ type: "accept" })).toThrow(LocalProtocolError);
  });

  test("writes the same whatever the chunks in which it receives", () => {
    const line = fc.constantFrom(
      "STAT",
      "LIST",
      "LIST 1",
      "RETR 1",
      "DELE 1",
      "RSET",
      "what",
      "",
      "NO\rOP",
      "x".repeat(260),
    );
    const lines = fc
      .array(line, { maxLength: 12 })
      .map((commands) => bytes(commands.map((text) => `${text}\r\n`).join("")));
    fc.assert(
      fc.property(lines, fc.array(fc.nat(300), { maxLength: 20 }), (input, cuts) => {
        const whole = loggedIn();
        whole.receives(input);
        const pieces = loggedIn();
        const edges = [0, ...cuts.map((cut) => Math.min(cut, input.length)).toSorted((a, b) => a - b), input.length];
        edges.forEach((edge, index) => pieces.receives(input.subarray(edges[index - 1] ?? 0, edge)));
        expect(pieces.written).toEqual(whole.written);
        expect(pieces.idle).toEqual(whole.idle);
      }),
      { numRuns },
    );
  });
});
