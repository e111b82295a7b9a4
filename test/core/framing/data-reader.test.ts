// Content after 354: RFC 5321 §2.3.8, §4.1.1.4 and §4.5.2. The reader is held against a specification on whole
// octets.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DataReader } from "../../../packages/core/src/framing/data-reader.ts";
import { decodeAscii, encodeUtf8 } from "../../../packages/core/src/grammar/text.ts";
import { contents, everyChunking, everySequence, longContents, rechunked, times } from "../../support/arbitraries.ts";
import { countedOctets } from "../../support/counted-octets.ts";

type Policy = "normalise" | "reject";

interface Read {
  readonly content: string;
  /** Index after the CRLF.CRLF, or -1 where it has not come. */
  readonly end: number;
  readonly bareNewline: boolean;
}

/** What the octets mean, by the text of the RFC: lines are divided by CRLF alone. */
function expectedOf(octets: Uint8Array, policy: Policy): Read {
  const text = decodeAscii(octets);
  const lines = text.split("\r\n");
  const terminator = lines.slice(0, -1).indexOf(".");
  const taken = terminator < 0 ? lines : [...lines.slice(0, terminator), ""];
  // A final line of "." or ".\r" may yet become the end, so that its CR is no content so far.
  const isOpen = terminator < 0 && lines.at(-1) === ".\r";
  const unstuffed = taken.map((line) => (line.startsWith(".") ? line.slice(1) : line)).join("\r\n");
  const content = isOpen ? unstuffed.slice(0, -1) : unstuffed;
  const bare = indexAfterBareNewline(taken, isOpen);
  return {
    content: policy === "normalise" ? normalisedText(content) : bare >= 0 ? content.slice(0, bare) : content,
    end: terminator < 0 ? -1 : taken.join("\r\n").length + ".\r\n".length,
    bareNewline: bare >= 0,
  };
}

/** Each newline whole; a CR at the end of all is undecided. */
function normalisedText(text: string): string {
  return text.replaceAll(/\r\n|\r(?!$)|\n/g, "\r\n");
}

/** Where in the unstuffed content the first bare CR or LF ends, or -1. A CR that is the last of all is undecided. */
function indexAfterBareNewline(lines: readonly string[], isOpen: boolean): number {
  let offset = 0;
  for (const [index, line] of lines.entries()) {
    const unstuffed = line.startsWith(".") ? line.slice(1) : line;
    const isLast = index === lines.length - 1;
    const decided = isLast && (isOpen || unstuffed.endsWith("\r")) ? unstuffed.slice(0, -1) : unstuffed;
    const at = decided.search(/[\r\n]/);
    if (at >= 0) return offset + at + 1;
    offset += unstuffed.length + 2;
  }
  return -1;
}

function readFrom(chunks: readonly Uint8Array[], policy: Policy): Read {
  const reader = new DataReader({ bareNewlines: policy });
  const slices: Uint8Array[] = [];
  let consumed = 0;
  for (const chunk of chunks) {
    for (let at = 0; ; at = reader.next) {
      const outcome = reader.read(chunk, at);
      if (outcome === "end") {
        return { content: contentOf(slices), end: consumed + reader.next, bareNewline: reader.bareNewline };
      }
      if (outcome === "partial") {
        if (reader.next !== chunk.length) throw new Error("partial before the chunk's end");
        break;
      }
      if (reader.slice.length === 0) throw new Error("a slice of nothing");
      slices.push(reader.slice);
    }
    consumed += chunk.length;
  }
  return { content: contentOf(slices), end: -1, bareNewline: reader.bareNewline };
}

function contentOf(slices: readonly Uint8Array[]): string {
  return slices.map((slice) => decodeAscii(slice)).join("");
}

const policies: readonly Policy[] = ["normalise", "reject"];

describe.each(policies)("the data reader that is told to %s bare newlines", (policy) => {
  test("reads any octets as the RFC says, in any chunks", () => {
    fc.assert(
      fc.property(rechunked(contents), ({ whole, chunks }) => {
        expect(readFrom(chunks, policy)).toEqual(expectedOf(whole, policy));
      }),
      times(30),
    );
  });

  test("reads long content as the RFC says, in any chunks", () => {
    fc.assert(
      fc.property(rechunked(longContents), ({ whole, chunks }) => {
        expect(readFrom(chunks, policy)).toEqual(expectedOf(whole, policy));
      }),
      times(5),
    );
  });

  test("reads every short sequence of CR, LF, dot and text so, in every division into chunks", () => {
    for (const octets of everySequence([13, 10, 46, 97], 6)) {
      const expected = expectedOf(octets, policy);
      for (const chunks of everyChunking(octets)) {
        const read = readFrom(chunks, policy);
        const isSame =
          read.content === expected.content && read.end === expected.end && read.bareNewline === expected.bareNewline;
        if (!isSame) expect(read, JSON.stringify(decodeAscii(octets))).toEqual(expected);
      }
    }
  });

  const dense = ["..\r\n", ".\r\n..", "\r\n..a", "a\r", "a\n", "\r\n", "\r\r\n..", "\n..\r\n", "..\r..\r\n"];
  test.each(dense)("reads many of %j, begun anywhere, and what is bare behind them", (piece) => {
    for (let before = 0; before < 9; before++) {
      const text = `${"x".repeat(before)}\r\n${piece.repeat(20_000 / piece.length)}`;
      for (const behind of ["\r\n", "a\rb\r\n", "a\nb\r\n", "\r\n.\ra"]) {
        const octets = encodeUtf8(`${text}${behind}.\r\nQUIT`);
        const read = readFrom([octets], policy);
        const expected = expectedOf(octets, policy);
        expect(read.content === expected.content, `${before} ${JSON.stringify(behind)}`).toBe(true);
        expect(read).toMatchObject({ end: expected.end, bareNewline: expected.bareNewline });
      }
    }
  });

  const almostEnds = [
    "\n.\n",
    "\n.\r\n",
    "\r.\r",
    "\r\n.\n",
    "\r\n.\r",
    "\r.\r\n",
    "\n\n.\r\n",
    "\r\r.\r\n",
    "\n.\r",
    "\r\n.\0\r\n",
    "\0\r\n.\n",
  ];
  test.each(almostEnds)("takes %j for no end, cut anywhere", (sequence) => {
    const octets = encodeUtf8(`text${sequence}MAIL FROM:<a@b>\r\n.\r\nQUIT`);
    for (const chunks of everyCutInTwo(octets)) {
      const read = readFrom(chunks, policy);
      expect(read.end).toBe(octets.length - 4);
      expect(read.bareNewline).toBe(sequence !== "\r\n.\0\r\n");
    }
  });
});

function everyCutInTwo(octets: Uint8Array): Uint8Array[][] {
  return Array.from(octets, (_, at) => [octets.subarray(0, at), octets.subarray(at)]);
}

describe("the data reader", () => {
  test.each([
    [".\r\n", ""],
    ["\r\n.\r\n", "\r\n"],
    ["a\r\n.\r\n", "a\r\n"],
    ["..\r\n.\r\n", ".\r\n"],
    [".a\r\n..b\r\n.\r\n", "a\r\n.b\r\n"],
    ["a..\r\n.\r\n", "a..\r\n"],
    ["a\r\n...\r\n.\r\n", "a\r\n..\r\n"],
    ["\r\r\n.\r\n", "\r\n\r\n"],
    [".\r.\r\n.\r\n", "\r\n.\r\n"],
    [".\n.\r\n.\r\n", "\r\n.\r\n"],
    ["a\n.\n..b\r.\r\n.\r\n", "a\r\n.\r\n..b\r\n.\r\n"],
  ])("reads %j as %j", (sent, content) => {
    expect(readFrom([encodeUtf8(`${sent}QUIT\r\n`)], "normalise")).toMatchObject({ content, end: sent.length });
  });

  test("does not copy content: its slices are views of the chunk", () => {
    const chunk = encodeUtf8("a\r\n..b\r\nc\r\n.\r\n");
    const reader = new DataReader({ bareNewlines: "reject" });
    for (let at = 0; reader.read(chunk, at) === "slice"; at = reader.next)
      expect(reader.slice.buffer).toBe(chunk.buffer);
    expect(reader.next).toBe(chunk.length);
  });

  test("gives one slice for all the content in a chunk where no line begins with a dot", () => {
    const chunk = encodeUtf8("line\r\n".repeat(100));
    const reader = new DataReader({ bareNewlines: "reject" });
    expect(reader.read(chunk, 0)).toBe("slice");
    expect(reader.slice).toEqual(chunk);
    expect(reader.read(chunk, reader.next)).toBe("partial");
  });

  test("hands on few slices where every line begins with a dot", () => {
    const chunk = encodeUtf8("..\r\n".repeat(10_000));
    const reader = new DataReader({ bareNewlines: "reject" });
    let slices = 0;
    let octets = 0;
    for (let at = 0; reader.read(chunk, at) === "slice"; at = reader.next) {
      slices += 1;
      octets += reader.slice.length;
    }
    expect(octets).toBe(30_000);
    expect(slices).toBeLessThan(25);
  });

  test("takes Node's buffers", () => {
    expect(readFrom([Buffer.from("a\r\n.."), Buffer.from("\r\n.\r\n")], "reject")).toEqual({
      content: "a\r\n.\r\n",
      end: 10,
      bareNewline: false,
    });
  });

  test("reads another content after a reset, and remembers no bare newline", () => {
    const reader = new DataReader({ bareNewlines: "reject" });
    const first = encodeUtf8("a\nb\r\n.\r\n");
    let at = 0;
    while (reader.read(first, at) !== "end") at = reader.next;
    expect(reader.bareNewline).toBe(true);
    reader.reset();
    expect(reader.bareNewline).toBe(false);
    expect(reader.read(encodeUtf8("b"), 0)).toBe("slice");
  });

  test("throws away what comes after a bare newline where that is rejected, and finds the end", () => {
    expect(readFrom([encodeUtf8("ab\ncd\r\n..ef\r\n.\r\n")], "reject")).toEqual({
      content: "ab\n",
      end: 16,
      bareNewline: true,
    });
  });

  const hostile = [
    "..\r\n",
    "\n",
    "\r",
    ".",
    "\r\n",
    "\r\n.",
    "\n.",
    "\r.",
    ".\r",
    ".\n",
    "\r\n..\n",
    "a",
    "a\n",
    "a\r",
  ];
  test.each(hostile)("looks at octets a few times each where they are %j without end", (piece) => {
    const source = encodeUtf8(piece.repeat(4_000));
    for (const policy of policies) {
      for (const size of [1, 7, 1_000, source.length]) {
        let looks = 0;
        const reader = new DataReader({ bareNewlines: policy });
        for (let from = 0; from < source.length; from += size) {
          const counted = countedOctets(source.subarray(from, from + size));
          for (let at = 0; reader.read(counted.octets, at) !== "partial"; at = reader.next)
            expect(reader.next).toBeGreaterThanOrEqual(at);
          looks += counted.looks();
        }
        expect(looks).toBeLessThan(source.length * 12);
      }
    }
  });
});
