// Texts of an application's replies, which may hold what a stranger has said: they make one reply of the code that was
// meant, or none at all and 451.

import { InvalidValueError, reply, type Reply } from "@carteiro/core";
import { accept, disconnect, reject, type Answer, type Decision, type ServerOptions } from "@carteiro/driver";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { accepting } from "../core/server/subjects.ts";
import { codesOf, RawClient } from "../support/raw-peers.ts";
import { repliesIn } from "../support/wire.ts";

const hello = "EHLO a.example\r\n";
const mail = `${hello}MAIL FROM:<a@b>\r\n`;

/** For each handler, what a client says until it is called. */
const steps: readonly (readonly [keyof ServerOptions, string])[] = [
  ["onConnection", ""],
  ["onHello", "HELO a.example\r\n"],
  ["onMail", mail],
  ["onRecipient", `${mail}RCPT TO:<c@d>\r\n`],
  ["onData", `${mail}RCPT TO:<c@d>\r\nDATA\r\n`],
  ["onMessage", `${mail}RCPT TO:<c@d>\r\nDATA\r\n.\r\n`],
  ["onVerify", `${hello}VRFY x\r\n`],
  ["onExpand", `${hello}EXPN x\r\n`],
  ["onHelp", "HELP\r\n"],
  ["onReset", "RSET\r\n"],
  ["onAuthenticate", `${hello}AUTH PLAIN AHUAcA==\r\n`],
];

const evil = ["x\r\n250 OK", "x\n250 OK", "x\r250 OK", "x\r\n354 Go on\r\n", "\0", "\x1b[2J", "\x85250 OK", "\ud800"];

const characters = fc.oneof(
  { weight: 5, arbitrary: fc.integer({ min: 0x20, max: 0x7e }) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 0x10ffff }) },
);
const texts = fc.array(characters, { maxLength: 40 }).map((points) => String.fromCodePoint(...points));

/** What the client hears where one handler answers so; the server's errors are counted. */
async function heard(handler: keyof ServerOptions, said: string, answer: () => Answer) {
  const options = { authentication: { allowInClear: true }, onAuthenticate: () => accept(), [handler]: answer };
  const client = await RawClient.connect(options);
  const errors: unknown[] = [];
  client.server.on("error", ({ error }) => void errors.push(error));
  await client.say(said);
  return { client, errors };
}

/** Answers as they come out of somebody's JSON, where no type keeps anything out. */
function forged(type: "accept" | "reject" | "disconnect", code: number, text: string): Decision {
  return JSON.parse(JSON.stringify({ type, reply: { code, lines: [text] } })) as Decision;
}

describe("command or parameter injection by a caller's value", () => {
  test.each(steps)(
    "server says 451 where %s answers a text that would be more than one reply",
    async (handler, said) => {
      const usual = (await heard(handler, said, () => accept())).client.codes;
      for (const text of evil) {
        const answers: readonly (() => Answer)[] = [
          () => accept(text),
          () => accept("fine", text),
          () => reject(550, "5.7.1", text),
          () => reject(450, undefined, "fine", text),
          () => disconnect(421, "4.7.0", text),
          () => Promise.reject(new Error(text)),
          () => forged("reject", 550, text),
          () => forged("disconnect", 421, text),
          () => forged("accept", usual.at(-1) ?? 250, text),
        ];
        for (const [index, answer] of answers.entries()) {
          const { client } = await heard(handler, said, answer);
          // The reply to EHLO keeps its list of extensions, and so no text of anybody's.
          expect(client.heard, `${index}: ${JSON.stringify(text)}`).not.toContain("250 OK");
          for (const { lines } of repliesIn(client.heard)) expect(lines.join("")).toMatch(/^[\t\x20-\x7e]*$/);
          expect(client.codes.slice(0, usual.length - 1)).toEqual(usual.slice(0, -1));
          expect(client.codes.at(-1)).toBe(451);
          expect(client.codes).toHaveLength(usual.length);
        }
      }
    },
  );

  test("server says 451 at the end where onMessage asks in the midst of the content for an end that cannot be said", async () => {
    const { client, errors } = await heard("onMessage", `${mail}RCPT TO:<c@d>\r\nDATA\r\n`, () =>
      forged("disconnect", 421, "x\r\n250 OK"),
    );
    await client.say("Subject: Hi\r\n");
    await client.say(".\r\n");
    expect(client.codes).toEqual([220, 250, 250, 250, 354, 451]);
    expect(errors).toHaveLength(1);
  });

  const nonsense: readonly unknown[] = [
    { code: "550\r\n", lines: ["250 OK"] },
    { code: 550, enhanced: "5.0.0\r\n250 OK", lines: ["x"] },
    { code: 550, enhanced: { length: 5 }, lines: ["x"] },
    { code: 550 },
    { code: 550, lines: "\r\n" },
    { code: 550, lines: [["x\r\n250 OK"]] },
    { code: 700, lines: ["x"] },
    null,
  ];

  test.each(nonsense)("server says 451 where a handler refuses with %j", async (given) => {
    for (const [handler, said] of steps) {
      const answer = () => ({ type: "reject", reply: given }) as Decision;
      const { client, errors } = await heard(handler, said, answer);
      expect(client.heard).not.toContain("250 OK");
      expect(client.codes.at(-1)).toBe(451);
      // The greeting is due before anybody can listen here.
      expect(errors).toHaveLength(handler === "onConnection" ? 0 : 1);
    }
  });

  test.each(["dismiss", "shutDown"] as const)("server takes no such reply for its last, to %s", (type) => {
    const harness = accepting();
    const bad = JSON.parse('{ "code": 421, "lines": ["x\\r\\n250 OK"] }') as Reply;
    expect(() => harness.submit({ type, reply: bad })).toThrow(InvalidValueError);
    harness.submit({ type, reply: reply(421, "4.3.2", "Bye") });
    expect(repliesIn(harness.output).map(({ code }) => code)).toEqual([220, 421]);
  });

  test("server says every other text in one reply, whatever a stranger has put into it", async () => {
    await fc.assert(
      fc.asyncProperty(texts, fc.nat(30), async (text, times) => {
        const stranger = text.repeat(times);
        const { client } = await heard("onRecipient", `${mail}RCPT TO:<c@d>\r\n`, () => reject(550, "5.1.1", stranger));
        const [, , , said] = repliesIn(client.heard);
        expect(codesOf(client.heard).slice(0, 3)).toEqual([220, 250, 250]);
        expect([550, 451]).toContain(said?.code);
        for (const line of said?.lines ?? []) expect(line).toMatch(/^[45]\.\d+\.\d+ ?[\t\x20-\x7e]*$/);
      }),
    );
  });

  test("server keeps a client's name to itself unless it is a name", async () => {
    for (const name of ["<script>", "a\tb", "[x]", "a\\b", "a=b", "x".repeat(300)]) {
      const client = await RawClient.connect({});
      await client.say(`EHLO ${name}\r\nHELO ${name}\r\n`);
      expect(client.codes).toEqual([220, 501, 501]);
      expect(client.heard).not.toContain(name);
    }
  });

  test("nobody can make a reply whose code or text is none", () => {
    for (const text of evil) expect(() => reply(250, "2.0.0", text)).toThrow(/^Reply text /);
    for (const code of [0, 99, 199, 260, 600, 2_500, 250.5, Number.NaN])
      expect(() => reply(code)).toThrow(/^Reply code /);
    for (const enhanced of ["5.0.0", "2", "2.0", "2.0.0\r\n", "2.0.0 x"]) expect(() => reply(250, enhanced)).toThrow();
  });
});
