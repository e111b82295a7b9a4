// The notation of transcripts: what it means, and that a line which does not hold is found and named.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { lineOctets, NotationError, readFields, readTranscripts, writtenLine } from "../support/transcript.ts";
import { play, TranscriptError, type Manner } from "../support/transcript-player.ts";

const manners = ["whole", "octets", "ahead"] as const satisfies readonly Manner[];

function transcriptOf(block: string) {
  const [transcript] = readTranscripts("a.md", `# A\n\n## B\n\n### C\n\n\`\`\`smtp\n${block}\n\`\`\`\n`);
  if (transcript === undefined) throw new Error("no transcript");
  return transcript;
}

describe("text", () => {
  test("means the octets that it was written for", () => {
    const octets = fc.oneof(
      fc.string({ unit: "binary-ascii" }),
      fc.uint8Array().map((bytes) => Buffer.from(bytes).toString("latin1")),
    );
    fc.assert(
      fc.property(octets, (text) => {
        expect(lineOctets(writtenLine(text))).toBe(text);
      }),
    );
  });

  test.each([
    ["NOOP", "NOOP\r\n"],
    ["NO\\", "NO"],
    ["a\\\\", "a\\\r\n"],
    ["a\\\\\\", "a\\"],
    ["\\r\\n\\t\\0\\x7f\\xFF", "\r\n\t\0\x7f\xff\r\n"],
    ["\\{ab*3}c", "abababc\r\n"],
    ["é", "\xc3\xa9\r\n"],
  ])("%j means %j", (text, octets) => expect(lineOctets(text)).toBe(octets));

  test("has no escapes but its own", () => expect(() => lineOctets("a\\qb")).toThrow("no such escape"));
});

describe("fields", () => {
  test("have a name and a value, which may be quoted", () => {
    expect(readFields('a=1 b.c=<x@y> d="two \\"words\\"" e=')).toEqual([
      ["a", "1"],
      ["b.c", "<x@y>"],
      ["d", 'two "words"'],
      ["e", ""],
    ]);
  });

  test("are refused where they are none", () => expect(() => readFields("a=1 b")).toThrow());
});

describe("documents", () => {
  test("give each block with the headings over it", () => {
    const markdown =
      '# A\n## B\n### C\n```smtp\nserver\n```\ntext\n```ts\ncode\n```\n## D\n```smtp\nclient over TLS {"tls": "never"}\n```\n';
    expect(readTranscripts("a.md", markdown)).toMatchObject([
      { headings: ["B", "C"], role: "server", overTls: false, options: {} },
      { headings: ["D"], role: "client", overTls: true, options: { tls: "never" } },
    ]);
  });

  test.each([
    "relay",
    "server {x}",
    "server\nX: hello",
    "server\n… 300 weeks pass",
    "server\n… opens",
    "server\nC: \\q",
    "server\n-> a b",
  ])("are refused with %j in them", (block) => expect(() => transcriptOf(block)).toThrow());

  test("are refused with the line's number", () => {
    expect(() => transcriptOf("server\nS: 220\nX: hello")).toThrow(NotationError);
    expect(() => transcriptOf("server\nS: 220\nX: hello")).toThrow("a.md:10: ");
  });
});

describe("a line that does not hold", () => {
  const greeting = "S: 220 mx.example.com ESMTP ready";
  const wrong: readonly (readonly [problem: string, block: string, line: number, found: string])[] = [
    ["another reply", `server\n${greeting}\nC: NOOP\nS: 250 OK`, 11, "+ S: 250 2.0.0 OK"],
    ["a reply that does not come", `server\n${greeting}\nS: 250 OK`, 10, "+ nothing is said"],
    ["a reply left out", `server\n${greeting}\nC: NOOP\nC: RSET\nS: 250 2.0.0 OK`, 12, "+ S: 250 2.0.0 OK"],
    ["a reply left out before the next command", `server\nC: NOOP`, 8 + 1, "+ S: 220 mx.example.com"],
    ["an event that is not told", `server\n${greeting}\n-> mailReceived`, 10, "+ no event"],
    ["another event", `server\n-> connectionReceived decision=2`, 9, "+ -> connectionReceived decision=1"],
    [
      "an event left out",
      `server\n-> connectionReceived\n${greeting}\nC: HELO a\n-> no helloReceived`,
      12,
      "+ -> helloReceived name=a",
    ],
    ["an event that there is not", `server\n-> no mailRecieved`, 9, "+ there is no such event"],
    [
      "a close left out",
      `server\n${greeting}\nC: QUIT\nS: 221 2.0.0 mx.example.com closing the connection`,
      11,
      "+ S: (closes)",
    ],
    [
      "a close that does not come",
      `server\n${greeting}\nS: (closes)`,
      10,
      "+ the session is in state dialogue.idle.expectingHello",
    ],
    ["a handshake that was not asked for", `server\n${greeting}\nC: (TLS)`, 10, "+ the session has not asked"],
    ["a decision that is not pending", `server\n${greeting}\n<- accept`, 10, "+ no decision is pending"],
    ["an intent that is a mistake", `client\n<- quit`, 9, "+ -> LocalProtocolError quit is not possible"],
    [
      "a mistake of another kind",
      `client\n… opened\n<- send from=<a> to=<c@d>\n-> LocalProtocolError no`,
      10,
      "+ -> InvalidValueError Address",
    ],
    ["options that are no mistake", `client {"hostname": "a"}\n-> InvalidValueError no`, 9, "+ nothing was thrown"],
    [
      "options that are another mistake",
      `client {"hostname": "a b"}\n-> InvalidValueError no`,
      9,
      '+ -> InvalidValueError HELO name "a b"',
    ],
    ["an intent that is none", `client\n… opened\n<- fly`, 10, "+ Error: no such intent"],
    ["a mistake that is none", `client\n… opened\n<- quit\n-> LocalProtocolError no`, 10, "+ nothing was thrown"],
    [
      "an opening that does not open",
      `server {"requireTls": true}\n<- reject 554 No\n… opened`,
      10,
      "+ the session is in state expectingQuit",
    ],
  ];

  test.each(wrong)("is found: %s", (_, block, line, found) => {
    const transcript = transcriptOf(block);
    for (const manner of manners) {
      const error = thrownBy(() => play(transcript, manner));
      expect(error).toBeInstanceOf(TranscriptError);
      expect(error.message).toContain(`a.md:${line} (${manner})`);
      expect(error.message).toContain(`  ${found}`);
      expect(error.stack).toContain(`at a.md:${line}:1`);
    }
  });
});

function thrownBy(act: () => unknown): Error {
  try {
    act();
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error("nothing was thrown");
}
