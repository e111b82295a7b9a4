// What ends content: CRLF.CRLF, and nothing that looks like it to somebody more lenient. A transaction hidden behind such
// a sequence is content of the one before it, or refused with it, wherever the chunks end.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { accepting, approaches, say, type ServerHarness } from "../core/server/subjects.ts";
import { coalesced } from "../support/session-harness.ts";
import { repliesIn, unstuffed } from "../support/wire.ts";

/** What stands for a line end with somebody; NUL where it is dropped. */
const lineEnds = ["\r\n", "\n", "\r", "\n\r", "\r\r", "\r\0\n", "\r\n\0"];
/** The same where the eighth bit is dropped, and line ends of other character sets. */
const others = [
  "\x8d\x8a\xae\x8d\x8a",
  "\r\n\xae\r\n",
  "\x85.\x85",
  "\r\n.\x85",
  "\xe2\x80\xa8.\xe2\x80\xa8",
  "\v.\v",
  "\f.\f",
];
const realEnd = "\r\n.\r\n";

const lines = [".", ".\0"].flatMap((dot) => lineEnds.map((after) => dot + after));
const sequences = lineEnds
  .flatMap((before) => lines.map((line) => before + line))
  .filter((text) => !text.includes(realEnd))
  .concat(others);
/** Content begins on a new line: there the sequence needs no line end of its own. */
const firstLines = lines.filter((line) => !line.startsWith(".\r\n"));

const smuggled = "MAIL FROM:<admin@example.org>\r\nRCPT TO:<victim@example.com>\r\nDATA\r\nsmuggled";
const policies = ["reject", "normalise"] as const;

function isBare(content: string): boolean {
  return /\r(?!\n)|(?<!\r)\n/.test(content);
}

/** The chunks that come of cutting in two at each of these places, and of cutting at all of them. */
function* cuttings(text: string, from: number, to: number): Generator<readonly string[]> {
  for (let at = from; at <= to; at++) yield [text.slice(0, at), text.slice(at)];
  yield [text.slice(0, from), ...text.slice(from, to), text.slice(to)];
}

function chunked(harness: ServerHarness, chunks: readonly string[]): void {
  for (const chunk of chunks) say(harness, chunk);
}

/** One message with all of the content, or none and 554; and the session goes on with what stands behind the real end. */
function expectOneMessage(harness: ServerHarness, content: string, policy: (typeof policies)[number]): void {
  const told = harness.events.filter(({ type }) => type !== "contentReceived").map(({ type }) => type);
  const refused = policy === "reject" && isBare(content);
  expect(told).toEqual([
    "connectionReceived",
    "helloReceived",
    "mailReceived",
    "recipientReceived",
    "dataReceived",
    "contentStarted",
    refused ? "contentRefused" : "messageReceived",
    "transactionEnded",
    "resetReceived",
  ]);
  const codes = repliesIn(harness.output).map(({ code }) => code);
  expect(codes).toEqual([220, 250, 250, 250, 354, refused ? 554 : 250, 250]);
  if (refused) return;
  const [handedOn] = coalesced(harness.events.filter(({ type }) => type === "contentReceived"));
  expect(handedOn).toEqual({ type: "contentReceived", text: unstuffed(content).replaceAll(/\r\n|\r|\n/g, "\r\n") });
}

describe("SMTP smuggling (bare CR or LF around a dot)", () => {
  test.each(policies)("server that is told to %s bare newlines ends content at nothing but CRLF.CRLF", (policy) => {
    const before = approaches.data.lines;
    for (const hidden of [...sequences.map((sequence) => `x${sequence}`), ...firstLines]) {
      const content = `${hidden}${smuggled}\r\n`;
      const text = `${before}${content}.\r\nRSET\r\n`;
      for (const chunks of cuttings(text, before.length, before.length + hidden.length)) {
        const harness = accepting({ bareNewlines: policy });
        chunked(harness, chunks);
        expectOneMessage(harness, content, policy);
      }
    }
  });

  test("server tells one message of any mixture of such sequences, cut anywhere", () => {
    const parts = fc.array(fc.constantFrom(...sequences, smuggled, "text", "\r\n", "."), { maxLength: 8 });
    fc.assert(
      fc.property(parts, fc.constantFrom(...policies), fc.nat(200), (list, policy, size) => {
        const content = `x${list.join("")}\r\n`;
        fc.pre(!content.includes(realEnd));
        const text = `${content}.\r\nRSET\r\n`;
        const harness = accepting({ bareNewlines: policy });
        say(harness, approaches.data.lines);
        for (let at = 0; at < text.length; at += size + 1) say(harness, text.slice(at, at + size + 1));
        expectOneMessage(harness, content, policy);
      }),
    );
  });

  const commands = [
    "RSET\nMAIL FROM:<admin@example.org>\r\n",
    "RSET\rMAIL FROM:<admin@example.org>\r\n",
    "RSET\n\rMAIL FROM:<admin@example.org>\r\n",
    "RSET\r\r\nMAIL FROM:<admin@example.org>\r\n",
    "\nMAIL FROM:<admin@example.org>\r\n",
    "MAIL FROM:<admin@example.org>\nRCPT TO:<victim@example.com>\r\n",
    `${"x".repeat(5_000)}\nMAIL FROM:<admin@example.org>\r\n`,
  ];

  test.each(commands)("server closes at a bare CR or LF in the command %j, and executes nothing of it", (command) => {
    const before = approaches.hello.lines;
    for (const chunks of cuttings(before + command, before.length, before.length + Math.min(command.length, 60))) {
      const harness = accepting();
      chunked(harness, chunks);
      expect(harness.closed).toBe(true);
      expect(harness.events.map(({ type }) => type)).toEqual(["connectionReceived", "helloReceived", "sessionClosed"]);
      expect(repliesIn(harness.output).map(({ code }) => code)).toEqual([220, 250, 500]);
    }
  });

  test.each(["dXNlcg==\nNOOP\r\n", "dXNlcg==\rNOOP\r\n", "*\nNOOP\r\n"])(
    "server closes at a bare CR or LF in the SASL response %j, and executes nothing of it",
    (response) => {
      const before = `${approaches.hello.lines}AUTH LOGIN\r\n`;
      for (const chunks of cuttings(before + response, before.length, before.length + response.length)) {
        const harness = accepting({ authentication: { allowInClear: true } });
        chunked(harness, chunks);
        expect(harness.closed).toBe(true);
        expect(repliesIn(harness.output).map(({ code }) => code)).toEqual([220, 250, 334, 500]);
      }
    },
  );
});
