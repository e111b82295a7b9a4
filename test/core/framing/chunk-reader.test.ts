// BDAT (RFC 3030 §2): exactly as many octets as announced, whatever they are and however they are divided.

import fc from "fast-check";
import { afterEach, describe, expect, test, vi } from "vitest";
import { ChunkReader, type ChunkReaderOptions } from "../../../packages/core/src/framing/chunk-reader.ts";
import { decodeAscii, encodeUtf8 } from "../../../packages/core/src/grammar/text.ts";
import {
  canonicalContents,
  chunked,
  concatenated,
  contents,
  everyChunking,
  everySequence,
  longContents,
  times,
} from "../../support/arbitraries.ts";
import { countedSearches } from "../../support/counted-searches.ts";

type Policy = ChunkReaderOptions["bareNewlines"];

interface Read {
  /** What each BDAT chunk brought. */
  readonly contents: readonly string[];
  /** Octets consumed in all. */
  readonly consumed: number;
  readonly bareNewline: boolean;
}

/** What is given, by a plain search. */
function expectedOf(bodies: readonly Uint8Array[], policy: Policy): Read {
  const whole = decodeAscii(concatenated(bodies));
  const bare = policy === "keep" ? -1 : whole.search(/\r(?!\n)|(?<!\r)\n/);
  const given = policy === "normalise" ? normalisedBodies(bodies) : cutBodies(bodies, policy === "reject" ? bare : -1);
  return { contents: given, consumed: whole.length, bareNewline: bare >= 0 };
}

/** The bodies up to their end, or after the first bare newline. */
function cutBodies(bodies: readonly Uint8Array[], bare: number): string[] {
  const whole = decodeAscii(concatenated(bodies));
  const limit = bare >= 0 ? bare + 1 : whole.length;
  let from = 0;
  return bodies.map((body) => {
    const text = whole.slice(Math.min(from, limit), Math.min(from + body.length, limit));
    from += body.length;
    return text;
  });
}

/** What belongs to which body: an LF that is missing behind a CR comes with the octet that shows it, or at the end. */
function normalisedBodies(bodies: readonly Uint8Array[]): string[] {
  let before = "";
  return bodies.map((body, index) => {
    const marked = decodeAscii(body).replaceAll(/\r\n|\r(?!$)|(?<!^)\n/g, "\r\n");
    const text = marked.startsWith("\n") && before !== "\r" ? `\r${marked}` : marked;
    const whole = before === "\r" && body.length > 0 && !text.startsWith("\n") ? `\n${text}` : text;
    before = decodeAscii(body).at(-1) ?? before;
    return index === bodies.length - 1 && before === "\r" ? `${whole}\n` : whole;
  });
}

/** Reads chunks of BDAT of these lengths, the last of them LAST, out of octets that come in these pieces. */
function readFrom(pieces: readonly Uint8Array[], lengths: readonly number[], policy: Policy): Read {
  const reader = new ChunkReader({ bareNewlines: policy });
  const given: string[] = [];
  let piece = 0;
  let at = 0;
  let consumed = 0;
  for (const [index, length] of lengths.entries()) {
    reader.begin(length, index === lengths.length - 1);
    const slices: Uint8Array[] = [];
    for (;;) {
      const octets = pieces[piece] ?? new Uint8Array(0);
      const outcome = reader.read(octets, at);
      consumed += reader.next - at;
      at = reader.next;
      if (outcome === "end") break;
      if (outcome === "slice") {
        if (reader.slice.length === 0) throw new Error("a slice of nothing");
        slices.push(reader.slice);
        continue;
      }
      if (at !== octets.length) throw new Error("partial before the end of the octets");
      if (piece >= pieces.length) throw new Error("no end");
      piece += 1;
      at = 0;
    }
    given.push(decodeAscii(concatenated(slices)));
  }
  return { contents: given, consumed, bareNewline: reader.bareNewline };
}

const bodies = fc.array(
  fc.oneof(
    { weight: 10, arbitrary: contents },
    { weight: 10, arbitrary: canonicalContents },
    { weight: 1, arbitrary: longContents },
  ),
  { minLength: 1, maxLength: 4 },
);
const behind = encodeUtf8("RSET\r\n\nQUIT\r\r\n");

const policies: readonly Policy[] = ["normalise", "reject", "keep"];

describe.each(policies)("the chunk reader that is told to %s bare newlines", (policy) => {
  test("reads exactly the octets announced, in any division, and leaves those behind", () => {
    fc.assert(
      fc.property(
        bodies.chain((list) => chunked(concatenated([...list, behind])).map((pieces) => ({ list, pieces }))),
        ({ list, pieces }) => {
          const lengths = list.map(({ length }) => length);
          expect(readFrom(pieces, lengths, policy)).toEqual(expectedOf(list, policy));
        },
      ),
      times(30),
    );
  });

  test("reads every short sequence of CR, LF and text so, cut anywhere and announced in two chunks anywhere", () => {
    for (const octets of everySequence([13, 10, 97], 5)) {
      for (let cutAt = 0; cutAt <= octets.length; cutAt++) {
        const list = [octets.subarray(0, cutAt), octets.subarray(cutAt)];
        const expected = expectedOf(list, policy);
        for (const pieces of everyChunking(octets)) {
          const read = readFrom(pieces, [cutAt, octets.length - cutAt], policy);
          const isSame =
            read.contents.join("|") === expected.contents.join("|") && read.bareNewline === expected.bareNewline;
          if (!isSame) expect(read, JSON.stringify(decodeAscii(octets))).toEqual(expected);
        }
      }
    }
  });
});

describe("the chunk reader", () => {
  const reader = () => new ChunkReader({ bareNewlines: "reject" });

  test("ends a chunk of no octets at once, the last one too", () => {
    const chunk = reader();
    chunk.begin(0, true);
    expect(chunk.read(encodeUtf8("QUIT"), 2)).toBe("end");
    expect(chunk.next).toBe(2);
    chunk.begin(0, true);
    expect(chunk.read(new Uint8Array(0), 0)).toBe("end");
  });

  test("unstuffs no dots and sees no end in them", () => {
    const sent = "..a\r\n.\r\n";
    expect(readFrom([encodeUtf8(sent)], [sent.length], "reject")).toMatchObject({
      contents: [sent],
      bareNewline: false,
    });
  });

  test("does not copy content: its slices are views of what was received", () => {
    const octets = encodeUtf8("line\r\n".repeat(100));
    const chunk = reader();
    chunk.begin(octets.length, false);
    expect(chunk.read(octets, 0)).toBe("slice");
    expect(chunk.slice.buffer).toBe(octets.buffer);
    expect(chunk.slice).toEqual(octets);
  });

  test("counts to 2^53 - 1", () => {
    const chunk = reader();
    chunk.begin(Number.MAX_SAFE_INTEGER, true);
    chunk.read(encodeUtf8("ab"), 0);
    expect(chunk.remaining).toBe(Number.MAX_SAFE_INTEGER - 2);
    expect(chunk.read(encodeUtf8("ab"), 2)).toBe("partial");
  });

  test.each([-1, 0.5, Number.NaN, Infinity, 2 ** 53])("begins no chunk of %d octets", (octets) => {
    expect(() => reader().begin(octets, false)).toThrow(RangeError);
  });

  test("begins no chunk within another", () => {
    const chunk = reader();
    chunk.begin(2, false);
    chunk.read(encodeUtf8("a"), 0);
    expect(() => chunk.begin(1, false)).toThrow(RangeError);
    chunk.reset();
    expect(() => chunk.begin(1, false)).not.toThrow();
  });

  test("remembers no newline of another content after a reset", () => {
    const chunk = reader();
    chunk.begin(2, false);
    chunk.read(encodeUtf8("a\r"), 0);
    chunk.reset();
    chunk.begin(1, true);
    chunk.read(encodeUtf8("b"), 0);
    chunk.read(encodeUtf8("b"), 1);
    expect(chunk.bareNewline).toBe(false);
  });

  test("takes a CR for bare at the end of the content, and not between two of its chunks", () => {
    const chunk = reader();
    const octets = encodeUtf8("a\r");
    for (const last of [false, true]) {
      chunk.reset();
      chunk.begin(2, last);
      while (chunk.read(octets, chunk.remaining === 0 ? 2 : 0) !== "end");
      expect(chunk.bareNewline).toBe(last);
    }
  });
});

describe.each(policies)("the work of the chunk reader that is told to %s bare newlines", (policy) => {
  afterEach(() => vi.restoreAllMocks());

  test.each(["\r\n", "\n", "\r", "a", "a\r\n", "\r\r\n"])("is linear where the content is %j without end", (text) => {
    const source = encodeUtf8(text.repeat(3_000));
    const looks = countedSearches();
    for (const piece of [1, 1_000, source.length]) {
      const pieces = Array.from({ length: Math.ceil(source.length / piece) }, (_, at) =>
        source.slice(at * piece, (at + 1) * piece),
      );
      for (const length of [2, 7, source.length]) {
        const before = looks();
        const lengths = Array.from({ length: Math.floor(source.length / length) }, () => length);
        readFrom(pieces, lengths, policy);
        expect(looks() - before).toBeLessThan(source.length * 6);
      }
    }
  });
});
