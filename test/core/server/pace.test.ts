// What a session holds back, and for how long: nothing is said and nothing read until the time is over, whatever comes; and
// what is said then is the same as ever.

import { reply, type ServerEvent, type ServerIntent } from "@carteiro/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { octetsOf, SessionHarness } from "../../support/session-harness.ts";
import { accepting, approaches, newSession, say, type Options, type ServerHarness } from "./subjects.ts";

const wrong = reply(535, "5.7.8", "Wrong");
const guess = "AUTH PLAIN AHVzZXIAd3Jvbmc=\r\n";

/** A session that has said EHLO, and refuses all passwords. */
function refusing(options: Options): ServerHarness {
  const session = newSession({ authentication: { allowInClear: true }, ...options });
  const harness: ServerHarness = new SessionHarness<ServerIntent, ServerEvent>(session, {
    answer(event) {
      if (!("decision" in event) || event.type === "decisionExpired") return undefined;
      const { decision } = event;
      if (event.type === "authenticationReceived") return { intent: { type: "reject", decision, reply: wrong } };
      return { intent: { type: "accept", decision } };
    },
    promptly: true,
    readsOn: true,
  });
  say(harness, approaches.hello.lines);
  return harness;
}

describe("a failed authentication", () => {
  test("server answers each twice as late as the one before, and none later than after 30 s", () => {
    const harness = refusing({ limits: { authenticationAttempts: 9 }, timeouts: { authenticationDelay: 1_000 } });
    const delays: number[] = [];
    while (!harness.closed) {
      const { now, output } = harness;
      say(harness, guess);
      expect(harness.output).toBe(output);
      expect(harness.idle.wants).toBe("intent");
      harness.advance();
      expect(harness.output.startsWith(`${output}535 5.7.8 Wrong\r\n`)).toBe(true);
      delays.push(harness.now - now);
    }
    expect(delays).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000, 30_000]);
  });

  test("server says nothing early, however often it is told that time has passed", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 9_999 }), { maxLength: 5 }), (instants) => {
        const harness = refusing({ timeouts: { authenticationDelay: 10_000 } });
        say(harness, guess);
        const { output } = harness;
        for (const instant of instants.toSorted((first, second) => first - second)) {
          harness.now = instant;
          harness.elapse();
          expect(harness.output).toBe(output);
          expect(harness.idle).toMatchObject({ wants: "intent", deadline: 10_000 });
        }
        harness.passTo(10_000);
        expect(harness.output).not.toBe(output);
      }),
    );
  });

  test("server gives the client its whole time for the next command once it has answered", () => {
    const harness = refusing({ timeouts: { authenticationDelay: 10_000, command: 5_000 } });
    say(harness, guess);
    harness.advance();
    expect(harness.idle).toMatchObject({ wants: "input", deadline: 15_000 });
  });

  test("server holds what comes meanwhile, no more of it than its limit, and reads it then", () => {
    const harness = refusing({ timeouts: { authenticationDelay: 10_000 }, limits: { bufferedInput: 100 } });
    say(harness, `${guess}NOOP\r\n`);
    say(harness, "RSET\r\n");
    harness.advance();
    expect(harness.output.endsWith("535 5.7.8 Wrong\r\n250 2.0.0 OK\r\n250 2.0.0 OK\r\n")).toBe(true);
    say(harness, guess);
    say(harness, "x".repeat(101));
    expect(harness.closed).toBe(true);
    expect(
      harness.output.endsWith("535 5.7.8 Wrong\r\n421 4.3.0 Too much sent ahead; closing the connection\r\n"),
    ).toBe(true);
  });

  test.each([
    ["the client has gone", (harness: ServerHarness) => harness.break()],
    [
      "the application dismisses it",
      (harness: ServerHarness) => harness.submit({ type: "dismiss", reply: reply(421, "4.3.2", "Bye") }),
    ],
    ["the server shuts down", (harness: ServerHarness) => harness.submit({ type: "shutDown" })],
  ])("server ends at once where %s", (_, end) => {
    const harness = refusing({ timeouts: { authenticationDelay: 10_000 } });
    say(harness, guess);
    end(harness);
    expect(harness.closed).toBe(true);
    expect(harness.now).toBe(0);
  });

  test("server ends when the session's time is over, delay or not", () => {
    const harness = refusing({ timeouts: { authenticationDelay: 10_000, session: 4_000 } });
    say(harness, guess);
    expect(harness.idle.deadline).toBe(4_000);
    harness.advance();
    expect(harness.closed).toBe(true);
    expect(harness.output.endsWith("535 5.7.8 Wrong\r\n421 4.4.2 Timed out; closing the connection\r\n")).toBe(true);
  });
});

describe("the pace", () => {
  const commands = fc.constantFrom(
    "FOO",
    "NOOP",
    "RSET",
    "MAIL FROM:<a@b>",
    "RCPT TO:<a@b>",
    "DATA now",
    "AUTH X",
    guess.trim(),
  );

  test("server says and tells the same at any pace, only later", () => {
    fc.assert(
      fc.property(fc.array(commands, { maxLength: 12 }), fc.nat(3), fc.boolean(), (lines, softErrors, together) => {
        const passage = (timeouts: Options["timeouts"]) => {
          const harness = refusing({ limits: { softErrors, errors: 6 }, ...(timeouts && { timeouts }) });
          const chunks = together ? [lines.join("\r\n")] : lines;
          for (const chunk of chunks) {
            if (!harness.closed) harness.receive(octetsOf(`${chunk}\r\n`));
            while (harness.idle.wants === "intent") harness.advance();
          }
          return { output: harness.output, events: harness.events, closed: harness.closed };
        };
        expect(passage({ errorDelay: 3_000, authenticationDelay: 700 })).toEqual(passage({}));
      }),
    );
  });
});

describe("the greeting", () => {
  test("server reads no octet of a client that speaks before it, however it speaks", () => {
    const words = fc.constantFrom("\r", "\n", "EHLO a\r\n", "GET / HTTP/1.1\r\n", "\0", "\x16\x03\x01", "QUIT\r\n");
    fc.assert(
      fc.property(words, fc.nat(9_999), (said, instant) => {
        const harness = accepting({ greetPause: 10_000 });
        harness.passTo(instant);
        say(harness, said);
        expect(harness.output).toBe("554 The server speaks first; closing the connection\r\n");
        expect(harness.events.map(({ type }) => type)).toEqual(["sessionClosed"]);
        expect(harness.closed).toBe(true);
      }),
    );
  });

  test("server asks about the client once the pause is over, and then takes its time to decide", () => {
    const harness = new SessionHarness(newSession({ greetPause: 10_000, timeouts: { decision: 3_000 } }));
    expect(harness.idle).toMatchObject({ wants: "input", deadline: 10_000 });
    harness.advance();
    expect(harness.events.map(({ type }) => type)).toEqual(["connectionReceived"]);
    expect(harness.idle).toMatchObject({ wants: "intent", deadline: 13_000 });
  });

  test.each([-1, Number.NaN, Infinity])("server refuses a pause of %s", (greetPause) => {
    expect(() => newSession({ greetPause })).toThrow(/^options\.greetPause is /);
  });
});

describe("commands sent ahead", () => {
  const strict = { strictPipelining: true, authentication: { allowInClear: true } };
  const improper = "503 5.5.0 Commands sent ahead where an answer must be awaited; closing the connection\r\n";
  const upToData = "MAIL FROM:<a@b>\r\nRCPT TO:<a@b>\r\n";

  test.each([
    "EHLO a",
    "HELO a",
    "VRFY a",
    "EXPN a",
    "NOOP",
    "HELP",
    "DATA",
    "AUTH PLAIN AHVzZXIAd3Jvbmc=",
    "AUTH LOGIN",
  ])("server closes on a client that says more behind %s", (command) => {
    const whole = accepting(strict);
    say(whole, approaches.hello.lines);
    say(whole, `${command}\r\nR`);
    expect(whole.output.endsWith(improper)).toBe(true);
    expect(whole.closed).toBe(true);
    const waiting = accepting(strict);
    say(waiting, approaches.hello.lines);
    if (command === "DATA") say(waiting, upToData);
    say(waiting, `${command}\r\n`);
    expect(waiting.closed).toBe(false);
    const lax = accepting({ authentication: { allowInClear: true } });
    say(lax, approaches.hello.lines);
    say(lax, `${command}\r\nR`);
    expect(lax.closed).toBe(false);
  });

  test("server closes on a client that sends anything ahead that has not been told that it may", () => {
    for (const lines of ["EHLO a\r\nMAIL FROM:<a@b>\r\n", "HELO a\r\nMAIL FROM:<a@b>\r\n", "RSET\r\nEHLO a\r\n"]) {
      const harness = accepting(strict);
      say(harness, lines);
      expect(harness.output.endsWith(improper)).toBe(true);
    }
    const harness = accepting(strict);
    say(harness, "HELO a\r\n");
    say(harness, upToData);
    expect(harness.output.endsWith(improper)).toBe(true);
  });

  test("server takes groups of other commands", () => {
    const harness = accepting(strict);
    say(harness, approaches.hello.lines);
    say(harness, `RSET\r\n${upToData}RSET\r\n${upToData}DATA\r\n`);
    expect(harness.closed).toBe(false);
    expect(harness.output).toContain("354 ");
  });
});

describe("padding", () => {
  const lines = [
    "EHLO a",
    "MAIL FROM:<a@b>",
    "RCPT TO:<c@d>",
    "HELP",
    "FOO",
    "AUTH LOGIN",
    "dXNlcg==",
    "cGFzcw==",
    "RSET",
    "QUIT",
  ];

  function padded(replyPadding: number): ServerHarness {
    const harness = accepting({ replyPadding, startTls: true, authentication: {} });
    say(harness, "EHLO a\r\nSTARTTLS\r\n");
    for (const line of lines) say(harness, `${line}\r\n`);
    return harness;
  }

  test("server makes replies under TLS multiples of a length, challenges aside, and changes nothing else", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 256 }), (multiple) => {
        const harness = padded(multiple);
        const plain = padded(0);
        const under = harness.output.slice(
          harness.output.indexOf("Ready to start TLS\r\n") + "Ready to start TLS\r\n".length,
        );
        const replies = under.split(/(?<=^|\r\n)(?=\d{3}[ -])/).reduce<string[]>((whole, line) => {
          const last = whole.at(-1);
          if (last !== undefined && /\d{3}-[^\n]*\n$/.test(last)) whole[whole.length - 1] = last + line;
          else whole.push(line);
          return whole;
        }, []);
        expect(replies.length).toBe(lines.length);
        for (const each of replies.filter((text) => !text.startsWith("334")))
          expect(each.length % multiple, each).toBe(0);
        for (const each of replies) expect(each.split("\r\n").every((line) => line.length <= 510)).toBe(true);
        expect(harness.output.replaceAll(/ +\r\n/g, "\r\n")).toBe(plain.output.replaceAll(/ +\r\n/g, "\r\n"));
        expect(harness.output.slice(0, -under.length)).toBe(
          plain.output.slice(0, harness.output.length - under.length),
        );
      }),
      { numRuns: 50 },
    );
  });

  test.each([-1, 257, 1.5, Number.NaN])("server refuses to pad to %s", (replyPadding) => {
    expect(() => newSession({ replyPadding })).toThrow(/^options\.replyPadding is /);
  });
});
