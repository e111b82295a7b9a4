// Replies (RFC 5321 §4.2), enhanced codes (RFC 2034, RFC 3463) and capabilities (RFC 5321 §4.1.1.1).

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ReplyReader } from "../../../packages/core/src/framing/reply-reader.ts";
import {
  findCapability,
  formatCapabilities,
  parseCapabilities,
} from "../../../packages/core/src/grammar/capabilities.ts";
import { InvalidValueError } from "../../../packages/core/src/grammar/invalid-value-error.ts";
import { formatReply, parseReplyLine, reply, type Reply } from "../../../packages/core/src/grammar/reply.ts";
import { decodeUtf8, encodeUtf8 } from "../../../packages/core/src/grammar/text.ts";
import { capabilities, replies, times } from "../../support/arbitraries.ts";

function linesOf(octets: Uint8Array): string[] {
  const text = decodeUtf8(octets) ?? "not UTF-8";
  expect(text.endsWith("\r\n")).toBe(true);
  return text.slice(0, -2).split("\r\n");
}

function readBack(octets: Uint8Array): Reply {
  const reader = new ReplyReader();
  const outcomes = linesOf(octets).map((line) => reader.read(encodeUtf8(line)));
  expect(outcomes).toEqual([...outcomes.slice(1).map(() => "partial"), "reply"]);
  return reader.reply;
}

const formatted = (value: Reply, enhanced = true) => linesOf(formatReply(value, { enhanced }));

describe("replies of a server", () => {
  test("are the same after they were formatted and read", () => {
    fc.assert(
      fc.property(replies(true), (value) => {
        expect(readBack(formatReply(value, { enhanced: true, utf8: true }))).toEqual(value);
      }),
      times(5),
    );
  });

  test("are lines of at most 512 octets, each with the code, the last one alone with a space behind it", () => {
    fc.assert(
      fc.property(replies(true), fc.boolean(), fc.boolean(), (value, enhanced, utf8) => {
        const lines = linesOf(formatReply(value, { enhanced, utf8 }));
        for (const [index, line] of lines.entries()) {
          expect(line.startsWith(`${value.code}${index === lines.length - 1 ? " " : "-"}`)).toBe(true);
          expect(line).not.toMatch(/[\r\n\0]/);
          if (value.code < 300 || value.code >= 400) expect(encodeUtf8(line).length).toBeLessThanOrEqual(510);
        }
      }),
    );
  });

  test("carry the enhanced code on every line, where it is wanted", () => {
    const value = reply(550, "5.7.1", "One", "", "Three");
    expect(formatted(value)).toEqual(["550-5.7.1 One", "550-5.7.1", "550 5.7.1 Three"]);
    expect(formatted(value, false)).toEqual(["550-One", "550-", "550 Three"]);
  });

  test("keep the space behind the code where they have no text, as AUTH needs it (RFC 4954 §4)", () => {
    expect(formatted(reply(334, undefined, ""))).toEqual(["334 "]);
    expect(formatted(reply(250))).toEqual(["250 "]);
  });

  test("show text beyond ASCII as question marks unless SMTPUTF8 allows it", () => {
    const value = reply(250, "2.1.5", "J\u{1f600}rg");
    expect(formatted(value)).toEqual(["250 2.1.5 J?rg"]);
    expect(linesOf(formatReply(value, { enhanced: false, utf8: true }))).toEqual(["250 J\u{1f600}rg"]);
  });

  test("take an enhanced code from their text, as a client would", () => {
    expect(reply(550, undefined, "5.7.1 No", "5.7.1", "5.7.2 x")).toEqual(reply(550, "5.7.1", "No", "", "5.7.2 x"));
    expect(reply(550, undefined, "No", "5.7.1 x")).toEqual(reply(550, "5.7.1", "No", "x"));
    expect(reply(550, undefined, "4.7.1 No")).not.toHaveProperty("enhanced");
    expect(reply(354, undefined, "3.0.0 Go")).not.toHaveProperty("enhanced");
  });

  test("are folded at spaces, and within a word only where there is no space", () => {
    const words = reply(550, "5.7.1", "word ".repeat(200).trim());
    expect(words.lines.every((line) => /^word( word)*$/.test(line))).toBe(true);
    expect(words.lines.join(" ")).toBe("word ".repeat(200).trim());
    for (const word of ["é".repeat(600), `a${"é".repeat(600)}`, "\u{1f600}".repeat(300)]) {
      const oneWord = reply(550, "5.999.999", word);
      expect(oneWord.lines.length).toBe(3);
      expect(oneWord.lines.join("")).toBe(word);
      for (const line of oneWord.lines) expect(encodeUtf8(`550-5.999.999 ${line}\r\n`).length).toBeLessThanOrEqual(512);
    }
  });

  test("are not folded where the line is a challenge", () => {
    const challenge = "A".repeat(12_000);
    expect(reply(334, undefined, challenge).lines).toEqual([challenge]);
    expect(() => reply(334, undefined, "A".repeat(12_288))).toThrow(InvalidValueError);
  });

  test.each([0, 99, 100, 199, 260, 299, 390, 560, 599, 600, 1000, 250.5, Number.NaN])(
    "cannot have the code %d",
    (code) => {
      expect(() => reply(code, undefined, "text")).toThrow(InvalidValueError);
    },
  );

  test.each([
    [250, "5.0.0"],
    [354, "3.0.0"],
    [550, ""],
    [550, "5.7"],
    [550, "5.7.1.1"],
    [550, "5.7.1 x"],
    [550, "5.07.1"],
    [550, "5.7.1000"],
    [550, "5.7.1\r\n"],
  ])("with %d cannot have the enhanced code %j", (code, enhanced) => {
    expect(() => reply(code, enhanced, "text")).toThrow(InvalidValueError);
  });

  test.each(["a\r\n250 OK", "a\n", "\r", "\0", "\x1b[2J", "\x7f", "\u0085", "\ud800"])(
    "cannot have the text %j",
    (text) => {
      expect(() => reply(250, undefined, "fine", text)).toThrow(InvalidValueError);
    },
  );
});

describe("lines of a reply", () => {
  test.each([
    ["250", 250, true, ""],
    ["250 ", 250, true, ""],
    ["250 OK", 250, true, "OK"],
    ["250-", 250, false, ""],
    ["250-  a", 250, false, "  a"],
    ["599 \ta", 599, true, "\ta"],
    ["199 a", 199, true, "a"],
    ["250 é", 250, true, "é"],
    ["550 a\x1b[2Jb\0", 550, true, "a?[2Jb?"],
    ["550 a\u009bb", 550, true, "a?b"],
  ])("%j is taken", (text, code, last, meant) => {
    expect(parseReplyLine(encodeUtf8(text))).toEqual({ ok: true, value: { code, last, text: meant } });
  });

  test("text that is not UTF-8 is read as Latin-1", () => {
    const octets = Uint8Array.from([...encodeUtf8("550 caf"), 0xe9]);
    expect(parseReplyLine(octets)).toMatchObject({ value: { text: "café" } });
  });

  test.each(["", "2", "25", "25a", " 250", "250_OK", "2500", "050 a", "600 a", "999 a", "abc", "HTTP/1.1 200 OK"])(
    "%j is not taken",
    (text) => {
      expect(parseReplyLine(encodeUtf8(text))).toMatchObject({ ok: false });
    },
  );
});

describe("capabilities, RFC 5321 §4.1.1.1", () => {
  test("are the same after they were formatted and parsed", () => {
    fc.assert(
      fc.property(capabilities, (list) => {
        expect(parseCapabilities(reply(250, undefined, "mx.example.org", ...formatCapabilities(list)))).toEqual(list);
      }),
    );
  });

  test("are every line but the first, in upper case, each once", () => {
    const ehlo = reply(
      250,
      undefined,
      "PIPELINING greets you",
      "size 1000",
      "8BITMIME",
      "AUTH=LOGIN PLAIN",
      "AUTH PLAIN X",
    );
    expect(parseCapabilities(ehlo)).toEqual([
      { keyword: "SIZE", parameters: ["1000"] },
      { keyword: "8BITMIME", parameters: [] },
      { keyword: "AUTH", parameters: ["LOGIN", "PLAIN", "X"] },
    ]);
    expect(findCapability(parseCapabilities(ehlo), "SIZE")?.parameters).toEqual(["1000"]);
    expect(findCapability(parseCapabilities(ehlo), "STARTTLS")).toBeUndefined();
  });

  test("lines that announce nothing are passed over", () => {
    expect(parseCapabilities(reply(250, undefined, "mx", "", "  ", "-A", "é", "straße", "AUTH=", "A=B", "OK"))).toEqual(
      [{ keyword: "OK", parameters: [] }],
    );
  });
});
