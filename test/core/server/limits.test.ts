// Limits: each is a number in the options, at or above what RFC 5321 section 4.5.3.1 demands, and bites exactly where it says.

import { defaultServerLimits, InvalidValueError, reply, serverProfile, type MechanismName } from "@carteiro/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { octetsOf } from "../../support/session-harness.ts";
import { accepting, approaches, lastDecision, newSession, pending, say, type ServerHarness } from "./subjects.ts";

function lastReply(harness: ServerHarness): string {
  return harness.output.split("\r\n").at(-2) ?? "";
}

function repliesOf(harness: ServerHarness, lines: readonly string[]): string[] {
  const { length } = harness.output;
  for (const line of lines) say(harness, `${line}\r\n`);
  return harness.output.slice(length).split("\r\n").slice(0, -1);
}

function times(count: number, line: string): string[] {
  return Array.from({ length: count }, () => line);
}

const noSuchUser = reply(550, "5.1.1", "No such user");
const badPassword = reply(535, "5.7.8", "Wrong");
const small = fc.integer({ min: 1, max: 12 });

describe("the defaults", () => {
  test("server takes by default what RFC 5321, RFC 4954 and RFC 1870 demand at least", () => {
    expect(defaultServerLimits.commandLine).toBeGreaterThanOrEqual(512);
    expect(defaultServerLimits.responseLine).toBeGreaterThanOrEqual(12_288);
    expect(defaultServerLimits.recipients).toBeGreaterThanOrEqual(100);
    expect(defaultServerLimits.messageSize).toBeGreaterThanOrEqual(65_536);
  });

  test("server takes a thousand recipients, and answers 452 to the next", () => {
    const harness = accepting();
    const to = Array.from({ length: 1_001 }, (_, number) => `RCPT TO:<r${number}@example.com>`);
    say(harness, approaches.mail.lines);
    const replies = repliesOf(harness, to);
    expect(new Set(replies.slice(0, -1))).toEqual(new Set(["250 2.1.5 Recipient OK"]));
    expect(replies.at(-1)).toMatch(/^452 4\.5\.3 /);
  });
});

describe("the options", () => {
  const names = Object.keys(defaultServerLimits);

  test.each(names)("server refuses a limit %s that is not greater than zero", (name) => {
    // Content may be allowed to be as slow as it likes, and no error to be free.
    const mayBeZero = name === "contentRate" || name === "softErrors";
    for (const bad of mayBeZero ? [-1, Number.NaN] : [0, -1, Number.NaN]) {
      expect(() => newSession({ limits: { [name]: bad } })).toThrow(RangeError);
      expect(() => newSession({ limits: { [name]: bad } })).toThrow(new RegExp(`^limits\\.${name} is ${bad}: `));
    }
  });

  test.each(["", "two words", "a\r\nb", "-a", "[192.0.2.999]"])("server refuses the host name %j", (hostname) => {
    expect(() => serverProfile({ hostname })).toThrow(InvalidValueError);
  });

  test("server refuses a mechanism that it does not know", () => {
    const mechanisms = ["GSSAPI" as MechanismName];
    expect(() => newSession({ authentication: { mechanisms } })).toThrow(RangeError);
  });
});

describe("lines", () => {
  test("server takes a command line of exactly its limit, CRLF included", () => {
    fc.assert(
      fc.property(fc.integer({ min: 20, max: 600 }), fc.integer({ min: -10, max: 10 }), (commandLine, more) => {
        const harness = accepting({ limits: { commandLine } });
        const length = commandLine + more;
        const [answer] = repliesOf(harness, [`NOOP ${"x".repeat(length - 7)}`]);
        expect(answer).toBe(length <= commandLine ? "250 2.0.0 OK" : "500 5.5.2 Line too long");
        expect(repliesOf(harness, ["NOOP"])).toEqual(["250 2.0.0 OK"]);
      }),
    );
  });

  test("server takes a SASL response of exactly its limit, CRLF included", () => {
    fc.assert(
      fc.property(fc.integer({ min: 20, max: 600 }), fc.integer({ min: -10, max: 10 }), (responseLine, more) => {
        const harness = accepting({ limits: { responseLine }, authentication: { allowInClear: true } });
        say(harness, approaches.hello.lines);
        const [, answer] = repliesOf(harness, ["AUTH LOGIN", "!".repeat(responseLine + more - 2)]);
        expect(answer).toMatch(more <= 0 ? /^501 5\.5\.2 / : /^500 5\.5\.6 /);
      }),
    );
  });

  test("server closes at a line longer than the longest that may be thrown away", () => {
    fc.assert(
      fc.property(fc.integer({ min: 512, max: 1_000 }), fc.integer({ min: -10, max: 10 }), (endlessLine, more) => {
        const harness = accepting({ limits: { commandLine: 512, endlessLine } });
        say(harness, "x".repeat(endlessLine + more));
        expect(harness.closed).toBe(more > 0);
      }),
    );
  });
});

describe("a transaction", () => {
  test("server takes so many recipients and no more, and the rest in another transaction", () => {
    fc.assert(
      fc.property(small, small, (recipients, count) => {
        const harness = accepting({ limits: { recipients } });
        for (const lines of [approaches.mail.lines, "RSET\r\nMAIL FROM:<>\r\n"]) {
          say(harness, lines);
          const codes = repliesOf(harness, times(count, "RCPT TO:<jones@example.com>")).map((line) => line.slice(0, 3));
          const taken = Math.min(recipients, count);
          expect(codes).toEqual([...times(taken, "250"), ...times(count - taken, "452")]);
        }
      }),
    );
  });

  test("server counts accepted recipients only", () => {
    const { harness, decision } = pending("recipient", { limits: { recipients: 1 } });
    harness.submit({ type: "reject", decision, reply: noSuchUser });
    say(harness, "RCPT TO:<brown@example.com>\r\n");
    expect(harness.idle.wants).toBe("intent");
  });

  test("server takes content up to its size, whatever MAIL announced, and dots of transparency do not count", () => {
    const lines = fc.array(fc.constantFrom("", ".", "..x", "text", "more text"), { maxLength: 8 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), lines, (messageSize, content) => {
        const harness = accepting({ limits: { messageSize } });
        say(harness, `${approaches.hello.lines}MAIL FROM:<a@b> SIZE=1\r\nRCPT TO:<c@d>\r\nDATA\r\n`);
        const size = content.reduce((octets, line) => octets + line.length + 2, 0);
        const stuffed = content.map((line) => (line.startsWith(".") ? `.${line}` : line));
        const [answer] = repliesOf(harness, [...stuffed, "."]);
        expect(answer).toMatch(size <= messageSize ? /^250 2\.6\.0 / : /^552 5\.3\.4 /);
      }),
    );
  });

  test.each([
    { messageSize: 1_000.9, announced: "1000", taken: "1000", refused: "1001" },
    { messageSize: 1e20, announced: "0", taken: "99999999999999999999", refused: undefined },
    { messageSize: Infinity, announced: "0", taken: "99999999999999999999", refused: undefined },
  ])("server announces a size of $messageSize as $announced", ({ messageSize, announced, taken, refused }) => {
    const harness = accepting({ limits: { messageSize } });
    say(harness, approaches.hello.lines);
    expect(harness.output).toContain(`250-SIZE ${announced}\r\n`);
    if (refused !== undefined)
      expect(repliesOf(harness, [`MAIL FROM:<a@b> SIZE=${refused}`])).toEqual([expect.stringMatching(/^552 5\.3\.4 /)]);
    expect(repliesOf(harness, [`MAIL FROM:<a@b> SIZE=${taken}`])).toEqual(["250 2.1.0 Sender OK"]);
  });

  test("server closes where more is thrown away than it may be", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 100 }), fc.integer({ min: -5, max: 5 }), (discarded, more) => {
        const harness = accepting({ limits: { messageSize: 10, discarded } });
        say(harness, approaches.data.lines);
        say(harness, "x".repeat(Math.max(1, 10 + discarded + more)));
        expect(harness.closed).toBe(more > 0);
      }),
    );
  });
});

describe("patience", () => {
  test("server closes at one error too many", () => {
    const wrong = fc.constantFrom("FOO", "MAIL FROM:", "RCPT TO:<a@b>", "DATA", "RSET now", "EHLO");
    fc.assert(
      fc.property(small, fc.array(wrong, { minLength: 13, maxLength: 13 }), (errors, commands) => {
        const harness = accepting({ limits: { errors } });
        const replies = repliesOf(harness, commands.slice(0, errors + 1));
        expect(replies).toHaveLength(errors + 2);
        expect(replies.at(-1)).toMatch(/^421 4\.7\.0 /);
        expect(harness.closed).toBe(true);
      }),
    );
  });

  test("server closes at one command too many without a message", () => {
    fc.assert(
      fc.property(small, (commandsWithoutMail) => {
        const harness = accepting({ limits: { commandsWithoutMail } });
        const replies = repliesOf(harness, times(commandsWithoutMail, "NOOP"));
        expect(new Set(replies)).toEqual(new Set(["250 2.0.0 OK"]));
        expect(repliesOf(harness, ["NOOP"])[0]).toMatch(/^421 4\.7\.0 /);
        expect(harness.closed).toBe(true);
      }),
    );
  });

  test("server closes at the last of the failed authentications that it allows", () => {
    fc.assert(
      fc.property(small, (authenticationAttempts) => {
        const authentication = { allowInClear: true };
        const { harness } = pending("authentication", { authentication, limits: { authenticationAttempts } });
        for (let attempt = 1; attempt < authenticationAttempts; attempt += 1) {
          harness.submit({ type: "reject", decision: lastDecision(harness), reply: badPassword });
          say(harness, "AUTH PLAIN AHVzZXIAc2VjcmV0\r\n");
        }
        expect(harness.closed).toBe(false);
        harness.submit({ type: "reject", decision: lastDecision(harness), reply: badPassword });
        expect(lastReply(harness)).toMatch(/^421 4\.7\.0 /);
        expect(harness.closed).toBe(true);
      }),
    );
  });
});

describe("buffers", () => {
  test("server holds so much input while a decision is pending, and closes at an octet more", () => {
    fc.assert(
      fc.property(small, fc.integer({ min: -1, max: 1 }), (bufferedInput, more) => {
        const { harness } = pending("mail", { limits: { bufferedInput } });
        for (let octet = 0; octet < bufferedInput + more; octet += 1) harness.receive(octetsOf("x"));
        expect(harness.closed).toBe(more > 0);
        if (harness.closed) expect(lastReply(harness)).toMatch(/^421 4\.3\.0 /);
      }),
    );
  });

  test("server writes the replies to a group at once", () => {
    const harness = accepting();
    say(harness, `${approaches.recipient.lines}NOOP\r\nRSET\r\n`);
    expect(harness.written).toHaveLength(2);
  });

  test("server holds back no more replies than it may", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 200 }), (bufferedReplies) => {
        const harness = accepting({ limits: { bufferedReplies } });
        const ok = "250 2.0.0 OK\r\n";
        say(harness, "NOOP\r\n".repeat(50));
        const writes = harness.written.slice(1).map((bytes) => bytes.length);
        expect(writes.reduce((sum, length) => sum + length, 0)).toBe(50 * ok.length);
        for (const length of writes.slice(0, -1)) expect(length).toBeGreaterThanOrEqual(bufferedReplies);
        for (const length of writes) expect(length).toBeLessThan(bufferedReplies + ok.length);
      }),
    );
  });
});
