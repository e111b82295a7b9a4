// Lines of a server to replies: RFC 5321 §4.2.1, RFC 2034.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { LineReader } from "../../../packages/core/src/framing/line-reader.ts";
import { type ReplyLimits, type ReplyOutcome, ReplyReader } from "../../../packages/core/src/framing/reply-reader.ts";
import { formatReply, reply, type Reply } from "../../../packages/core/src/grammar/reply.ts";
import { encodeUtf8 } from "../../../packages/core/src/grammar/text.ts";
import { chunked, concatenated, replies } from "../../support/arbitraries.ts";

function read(...lines: string[]): Reply | string {
  const reader = new ReplyReader();
  const outcomes = lines.map((line) => reader.read(encodeUtf8(line)));
  return outcomes.at(-1) === "reply" ? reader.reply : `${outcomes.at(-1)}: ${reader.problem}`;
}

function outcomesOf(limits: Partial<ReplyLimits>, ...lines: string[]): ReplyOutcome[] {
  const reader = new ReplyReader(limits);
  return lines.map((line) => reader.read(encodeUtf8(line)));
}

describe("the reply reader", () => {
  test("reads replies one after the other as they were sent, in any chunks", () => {
    const streams = fc.array(replies(true), { maxLength: 4 }).chain((sent) => {
      const octets = concatenated(sent.map((value) => formatReply(value, { enhanced: true, utf8: true })));
      return chunked(octets).map((chunks) => ({ sent, chunks }));
    });
    fc.assert(
      fc.property(streams, ({ sent, chunks }) => {
        const lines = new LineReader({ limit: 12_288, endless: 12_288 });
        const reader = new ReplyReader();
        const received: Reply[] = [];
        for (const chunk of chunks) {
          for (let at = 0; lines.read(chunk, at) === "line"; at = lines.next) {
            if (reader.read(lines.line) === "reply") received.push(reader.reply);
          }
        }
        expect(received).toEqual(sent);
      }),
    );
  });

  test("reads what it has read before as if it never had", () => {
    const texts = [
      "250 Ok",
      "250 Oj",
      "150 Ok",
      "250-Ok",
      "250 2.1.0 Ok",
      "250 2.1.5 Ok",
      "354",
      "354 ",
      "25x Ok",
      "x",
    ];
    const more = fc.integer({ min: 0, max: 20 }).map((id) => `250 2.0.0 Ok: queued as ${id}`);
    const said = fc.array(fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...texts) }, more), { maxLength: 60 });
    fc.assert(
      fc.property(said, (lines) => {
        const experienced = new ReplyReader();
        let fresh = new ReplyReader();
        for (const line of lines) {
          const outcome = fresh.read(encodeUtf8(line));
          expect(experienced.read(encodeUtf8(line))).toBe(outcome);
          if (outcome === "reply") expect(experienced.reply).toEqual(fresh.reply);
          if (outcome !== "partial") fresh = new ReplyReader();
        }
      }),
    );
  });

  test("gives the same reply for the same line, which nobody can change for the others", () => {
    const reader = new ReplyReader();
    const given = [0, 1].map(() => {
      reader.read(encodeUtf8("250 2.1.0 Ok"));
      return reader.reply;
    });
    expect(given[1]).toBe(given[0]);
    expect([given[0], given[0]?.lines].every(Object.isFrozen)).toBe(true);
  });

  test("takes the last line's code where they differ", () => {
    expect(read("250-a", "550 5.7.1 b")).toEqual(reply(550, "5.7.1", "a", "b"));
  });

  test("takes codes that RFC 5321 does not know, as their first digit says enough", () => {
    expect(read("199 a")).toMatchObject({ code: 199 });
    expect(read("599-a", "599")).toMatchObject({ code: 599, lines: ["a", ""] });
  });

  test("takes an enhanced code off each line that has it, if it is of the right class", () => {
    expect(read("550-5.1.1 No such", "550 5.1.1 user")).toEqual(reply(550, "5.1.1", "No such", "user"));
    expect(read("550-Remark", "550 5.1.1 user")).toEqual(reply(550, "5.1.1", "Remark", "user"));
    expect(read("250 5.1.1 user")).toMatchObject({ lines: ["5.1.1 user"] });
    expect(read("250 5.1.1 user")).not.toHaveProperty("enhanced");
    expect(read("354 3.0.0 go")).not.toHaveProperty("enhanced");
  });

  test("says what is wrong with what is no reply, and starts over", () => {
    const reader = new ReplyReader();
    expect(reader.read(encodeUtf8("250-a"))).toBe("partial");
    expect(reader.read(encodeUtf8("HTTP/1.1 200 OK"))).toBe("invalid");
    expect(reader.problem).toBe("The line does not begin with a reply code");
    expect(reader.read(encodeUtf8("220 b"))).toBe("reply");
    expect(reader.reply.lines).toEqual(["b"]);
  });

  test("takes no more lines and no more octets than its limits", () => {
    expect(outcomesOf({ lines: 2 }, "250-a", "250 b", "250-a", "250-b", "250 c")).toEqual([
      "partial",
      "reply",
      "partial",
      "partial",
      "overlong",
    ]);
    expect(outcomesOf({ octets: 14 }, "250-a", "250 b", "250-a", "250 bc")).toEqual([
      "partial",
      "reply",
      "partial",
      "overlong",
    ]);
  });

  test("forgets at a reset the lines of a reply that was not whole", () => {
    const reader = new ReplyReader();
    reader.read(encodeUtf8("250-injected"));
    reader.reset();
    expect(reader.read(encodeUtf8("220 hello"))).toBe("reply");
    expect(reader.reply).toEqual(reply(220, undefined, "hello"));
  });
});
