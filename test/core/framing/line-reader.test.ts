// Lines: RFC 5321 §2.3.8 and §4.5.3.1.4. The reader is held against a machine of one octet at a time.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { LineReader, type LineReaderOptions } from "../../../packages/core/src/framing/line-reader.ts";
import { decodeAscii, encodeUtf8 } from "../../../packages/core/src/grammar/text.ts";
import {
  chunked,
  concatenated,
  contents,
  everyChunking,
  everySequence,
  rechunked,
  times,
} from "../../support/arbitraries.ts";
import { countedOctets } from "../../support/counted-octets.ts";

/**
 * An outcome, the line where it is one, and how many octets had been consumed: what no division into chunks may
 * change.
 */
type Happening = readonly [outcome: string, line: string, consumed: number];

/** What the stream means, octet by octet. */
function expectedOf(octets: Uint8Array, { limit, endless }: LineReaderOptions): Happening[] {
  const happenings: Happening[] = [];
  let start = 0;
  let isBroken = false;
  const breakLine = (outcome: string, consumed: number) => {
    if (!isBroken) happenings.push([outcome, "", consumed]);
    isBroken = true;
  };
  for (const [index, octet] of octets.entries()) {
    const isAfterCr = index > start && octets[index - 1] === 13;
    if (isAfterCr && octet !== 10) breakLine("bareCarriageReturn", index);
    if (index - start + 1 > Math.max(endless, limit)) return [...happenings, ["endless", "", -1]];
    if (octet !== 10) continue;
    if (!isAfterCr) {
      breakLine("bareLineFeed", index + 1);
      continue;
    }
    const isLong = index - start + 1 > limit;
    if (!isBroken) {
      const end = isLong ? start + limit - 2 : index - 1;
      happenings.push([isLong ? "overlong" : "line", decodeAscii(octets, start, end), index + 1]);
    }
    start = index + 1;
    isBroken = false;
  }
  return happenings;
}

function happeningsIn(chunks: readonly Uint8Array[], options: LineReaderOptions): Happening[] {
  const reader = new LineReader(options);
  const happenings: Happening[] = [];
  let consumed = 0;
  for (const chunk of chunks) {
    for (let at = 0; ; at = reader.next) {
      const outcome = reader.read(chunk, at);
      if (reader.held > options.limit) throw new Error(`holds ${reader.held} octets of ${options.limit}`);
      if (outcome === "partial") {
        if (reader.next !== chunk.length) throw new Error("partial before the chunk's end");
        break;
      }
      if (outcome === "endless") return [...happenings, ["endless", "", -1]];
      happenings.push([outcome, decodeAscii(reader.line), consumed + reader.next]);
    }
    consumed += chunk.length;
  }
  return happenings;
}

const small = fc.record({ limit: fc.integer({ min: 2, max: 12 }), endless: fc.integer({ min: 2, max: 40 }) });

describe("the line reader", () => {
  test("reads any octets as the machine of one octet does, in any chunks", () => {
    fc.assert(
      fc.property(rechunked(contents), small, ({ whole, chunks }, options) => {
        expect(happeningsIn(chunks, options)).toEqual(expectedOf(whole, options));
      }),
      times(30),
    );
  });

  test("reads every short sequence of CR, LF and text so, in every division into chunks", () => {
    const options = { limit: 4, endless: 6 };
    for (const octets of everySequence([13, 10, 97], 7)) {
      const expected = JSON.stringify(expectedOf(octets, options));
      for (const chunks of everyChunking(octets)) {
        if (JSON.stringify(happeningsIn(chunks, options)) !== expected) {
          expect(happeningsIn(chunks, options), JSON.stringify(decodeAscii(octets))).toEqual(JSON.parse(expected));
        }
      }
    }
  });

  test("gives lines back as they were sent, long and short", () => {
    const text = fc.string({ unit: "grapheme-ascii", maxLength: 600, size: "max" });
    const lines = fc.array(text, { maxLength: 5 });
    const sent = lines.chain((texts) => {
      return chunked(encodeUtf8(texts.map((line) => `${line}\r\n`).join(""))).map((chunks) => ({ texts, chunks }));
    });
    fc.assert(
      fc.property(sent, ({ texts, chunks }) => {
        const read = happeningsIn(chunks, { limit: 602, endless: 1000 });
        expect(read.map(([outcome, line]) => [outcome, line])).toEqual(texts.map((line) => ["line", line]));
      }),
    );
  });

  test("does not copy a line that is whole in its chunk", () => {
    const chunk = encodeUtf8("NOOP\r\nQUIT\r\n");
    const reader = new LineReader({ limit: 512, endless: 1000 });
    expect(reader.read(chunk, 0)).toBe("line");
    expect(reader.line.buffer).toBe(chunk.buffer);
    expect(reader.read(chunk, reader.next)).toBe("line");
    expect(decodeAscii(reader.line)).toBe("QUIT");
    expect(reader.line.buffer).toBe(chunk.buffer);
  });

  test("takes Node's buffers", () => {
    expect(happeningsIn([Buffer.from("NO"), Buffer.from("OP\r\nQUIT\r\n")], { limit: 512, endless: 1000 })).toEqual([
      ["line", "NOOP", 6],
      ["line", "QUIT", 10 + 2],
    ]);
  });

  test("takes a line of exactly the limit with its CRLF, and none of an octet more", () => {
    for (const chunks of [["a".repeat(510), "\r\n"], [`${"a".repeat(510)}\r`, "\n"], [`${"a".repeat(510)}\r\n`]]) {
      const read = (prefix: string) =>
        happeningsIn([prefix, ...chunks].map(encodeUtf8), { limit: 512, endless: 1000 }).map(([outcome]) => outcome);
      expect(read("")).toEqual(["line"]);
      expect(read("a")).toEqual(["overlong"]);
    }
  });

  test("takes a longer line where its limit was raised between two lines", () => {
    const reader = new LineReader({ limit: 4, endless: 4 });
    const chunk = encodeUtf8("ab\r\nabcd\r\nabcd\r\n");
    expect(reader.read(chunk, 0)).toBe("line");
    reader.limit = 6;
    expect(reader.read(chunk, reader.next)).toBe("line");
    reader.limit = 4;
    expect(reader.read(chunk, reader.next)).toBe("endless");
  });

  test("does not give out a line with a gap where its limit was raised in its midst", () => {
    const reader = new LineReader({ limit: 6, endless: 1000 });
    reader.read(encodeUtf8("abcdefgh"), 0);
    reader.limit = 100;
    expect(reader.read(encodeUtf8("ij\r\n"), 0)).toBe("overlong");
  });

  test("reads nothing after an endless line until it is reset", () => {
    const reader = new LineReader({ limit: 8, endless: 8 });
    expect(reader.read(encodeUtf8("123456789"), 0)).toBe("endless");
    expect(reader.read(encodeUtf8("\r\nQUIT\r\n"), 0)).toBe("endless");
    expect([reader.held, reader.next]).toEqual([0, 8]);
    reader.reset();
    expect(reader.read(encodeUtf8("QUIT\r\n"), 0)).toBe("line");
  });

  test("forgets at a reset what it held", () => {
    const reader = new LineReader({ limit: 100, endless: 100 });
    for (const held of ["MAIL", "MAIL\r", "MA\rIL", "MA\nIL\r"]) {
      reader.read(encodeUtf8(held), 0);
      reader.reset();
      expect(reader.held).toBe(0);
      expect(reader.read(encodeUtf8("QUIT\r\n"), 0)).toBe("line");
      expect(decodeAscii(reader.line)).toBe("QUIT");
    }
  });

  test("holds no more than the limit of a line of a megabyte", () => {
    const reader = new LineReader({ limit: 512, endless: 2_000_000 });
    const chunk = new Uint8Array(1000).fill(97);
    for (let count = 0; count < 1000; count++) {
      expect(reader.read(chunk, 0)).toBe("partial");
      expect(reader.held).toBeLessThanOrEqual(512);
    }
    expect(reader.read(encodeUtf8("\r\n"), 0)).toBe("overlong");
  });

  const hostile = ["\n", "\r", "\r\n", "a", "\n\r", "a\r\n", "\r\r\n", "a\nb\r\n", "a\rb\r\n", "\n\n\n\r\n"];
  test.each(hostile)("looks at octets a few times each where they are %j without end", (piece) => {
    const source = encodeUtf8(piece.repeat(5_000));
    for (const size of [1, 7, 1_000, source.length]) {
      let looks = 0;
      const reader = new LineReader({ limit: 512, endless: 1e9 });
      for (let from = 0; from < source.length; from += size) {
        const counted = countedOctets(source.subarray(from, from + size));
        let at = 0;
        while (reader.read(counted.octets, at) !== "partial") at = reader.next;
        looks += counted.looks();
      }
      expect(looks).toBeLessThan(source.length * 12);
    }
  });

  test("reads the same bytes in the model of this test as in one chunk of them", () => {
    const octets = concatenated([encodeUtf8("EHLO a\r\nMA\nIL\r\nQUIT\r\n")]);
    expect(expectedOf(octets, { limit: 512, endless: 1000 })).toEqual([
      ["line", "EHLO a", 8],
      ["bareLineFeed", "", 11],
      ["line", "QUIT", 21],
    ]);
  });
});
