// The loops in WebAssembly held against the same in JavaScript: readers and writers that have them against those that have not, and
// each loop by itself, at the borders of what it is given at once. No loop writes anywhere but where copies are made.

import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import { program } from "../../../packages/core/src/framing/assembly-program.ts";
import { assembly, mostCopied } from "../../../packages/core/src/framing/assembly.ts";
import { contentEnd } from "../../../packages/core/src/framing/content-end.ts";
import { DataReader } from "../../../packages/core/src/framing/data-reader.ts";
import { DataWriter } from "../../../packages/core/src/framing/data-writer.ts";
import { stuffed } from "../../../packages/core/src/framing/stuffing.ts";
import { unstuffed } from "../../../packages/core/src/framing/unstuffing.ts";
import { decodeAscii, encodeUtf8 } from "../../../packages/core/src/grammar/text.ts";
import { everySequence, times } from "../../support/arbitraries.ts";

const [CR, LF, DOT] = [13, 10, 46];
const loops = assembly();
if (loops === undefined) throw new Error("this runtime compiles no WebAssembly, so that nothing is tested here");

const plain = await withoutWebAssembly();

/** The same modules in an engine that compiles nothing. */
async function withoutWebAssembly() {
  vi.stubGlobal("WebAssembly", undefined);
  vi.resetModules();
  const framing = {
    ...(await import("../../../packages/core/src/framing/assembly.ts")),
    ...(await import("../../../packages/core/src/framing/content-end.ts")),
    ...(await import("../../../packages/core/src/framing/data-reader.ts")),
    ...(await import("../../../packages/core/src/framing/data-writer.ts")),
    ...(await import("../../../packages/core/src/framing/stuffing.ts")),
    ...(await import("../../../packages/core/src/framing/unstuffing.ts")),
  };
  if (framing.assembly() !== undefined) throw new Error("WebAssembly is there");
  vi.unstubAllGlobals();
  return framing;
}

const newlinesAndDots = [
  "\r\n",
  "\r",
  "\n",
  ".",
  "..",
  "\r\n.",
  "\r\n..",
  "\r\n.\r",
  "\n.",
  "\r.",
  ".\r\n",
  "a\r",
  "a\n",
];
const texts = ["a", "\x0e", "\xff", "\t", "x".repeat(15), "x".repeat(16), "x".repeat(70)];

/** Up to some pieces' length of what comes again and again, or in any order. */
const hostileContents = fc
  .array(
    fc.tuple(
      fc.array(fc.constantFrom(...newlinesAndDots, ...texts), { minLength: 1, maxLength: 8 }),
      fc.oneof(fc.nat(20), fc.nat(4_000)),
    ),
    { maxLength: 8 },
  )
  .map((runs) => octetsOf(runs.map(([parts, count]) => parts.join("").repeat(count)).join("")));

/** Cut in a few places, and one part of it octet by octet. */
const hostileChunks = fc
  .tuple(hostileContents, fc.array(fc.nat(3 * mostCopied), { maxLength: 6 }), fc.nat(40))
  .map(([octets, places, single]) => {
    const cuts = [...places, ...Array.from({ length: single }, (_, index) => (places[0] ?? 0) + index)];
    const ordered = [0, ...cuts.toSorted((one, other) => one - other), octets.length];
    return ordered.slice(1).map((end, index) => octets.slice(ordered[index], end));
  });

function octetsOf(text: string): Uint8Array {
  return Uint8Array.from(text.slice(0, 3 * mostCopied), (char) => char.charCodeAt(0));
}

/** All that a reader tells, content as text. */
function toldBy(reader: DataReader, chunks: readonly Uint8Array[]): unknown[] {
  const told: unknown[] = [];
  for (const chunk of chunks) {
    for (let at = 0; ; at = reader.next) {
      const outcome = reader.read(chunk, at);
      told.push(outcome, reader.next, reader.bareNewline, decodeAscii(reader.slice));
      if (outcome === "partial") break;
    }
  }
  return told;
}

function writtenBy(writer: DataWriter, chunks: readonly Uint8Array[]): unknown[] {
  const written = chunks.flatMap((chunk) => [
    ...writer.write(chunk).map((part) => decodeAscii(part)),
    writer.bareNewline,
  ]);
  return [...written, decodeAscii(writer.end()), writer.bareNewline];
}

describe("in any content, and any chunks of it,", () => {
  test.each(["reject", "normalise"] as const)(
    "the data reader that is told to %s comes upon the same with WebAssembly and without",
    (bareNewlines) => {
      fc.assert(
        fc.property(hostileChunks, (chunks) => {
          const options = { bareNewlines };
          expect(toldBy(new DataReader(options), chunks)).toEqual(toldBy(new plain.DataReader(options), chunks));
        }),
        times(1),
      );
    },
  );

  test.each(["reject", "normalise", "pass"] as const)(
    "the data writer that is told to %s writes the same with WebAssembly and without",
    (bareNewlines) => {
      fc.assert(
        fc.property(hostileChunks, fc.boolean(), (chunks, transparency) => {
          const options = { bareNewlines, transparency };
          expect(writtenBy(new DataWriter(options), chunks)).toEqual(writtenBy(new plain.DataWriter(options), chunks));
        }),
        times(1),
      );
    },
  );
});

describe("the copies in WebAssembly", () => {
  test("are the same for every short sequence of CR, LF, dot and text", () => {
    for (const octets of everySequence([CR, LF, DOT, 97], 6)) {
      if (octets.length === 0) continue;
      for (const stopsAtBare of [true, false]) {
        const copied = loops.unstuffed(octets, 0, octets.length, stopsAtBare);
        expectSame(copied, plain.unstuffed(octets, 0, stopsAtBare), octets);
      }
      for (const before of [CR, LF, -1]) {
        for (const dot of [DOT, -1])
          expectSame(loops.stuffed(octets, before, dot), plain.stuffed(octets, before, dot), octets);
      }
    }
  });

  test("are the same where such a sequence lies across the border of what is copied at once", () => {
    for (const sequence of everySequence([CR, LF, DOT, 97], 4)) {
      for (const behind of [0, 5]) {
        for (let index = mostCopied - sequence.length; index <= mostCopied; index++) {
          const octets = new Uint8Array(index + sequence.length + behind).fill(97);
          octets.set(sequence, index);
          expectSame(unstuffed(octets, 0, true), plain.unstuffed(octets, 0, true), sequence);
          expectSame(unstuffed(octets, 0, false), plain.unstuffed(octets, 0, false), sequence);
        }
      }
    }
  });

  const longest = ["\n", "\r", "\n.", "\r.", ".\n", "\r\n", "\r\n.", ".", "a", "\r\n\n", "\n\r"];
  test.each(longest)(
    "are the same, and as long as they may be at most, for as many of %j as are copied at once",
    (piece) => {
      for (const less of [0, 1, 2]) {
        const octets = octetsOf(piece.repeat(mostCopied)).subarray(0, mostCopied - less);
        for (const before of [CR, LF, -1]) {
          const { copy } = stuffed(octets, before, DOT);
          expect(copy.length).toBeLessThanOrEqual(2 * octets.length + 3);
          expect(copy).toEqual(plain.stuffed(octets, before, DOT).copy);
        }
        const { copy } = unstuffed(octets, 0, false);
        expect(copy.length).toBeLessThanOrEqual(2 * octets.length + 1);
        expect(copy).toEqual(plain.unstuffed(octets, 0, false).copy);
      }
    },
  );
});

interface Copied {
  readonly copy: Uint8Array;
  readonly next?: number;
  readonly bareNewline: boolean;
}

/** What is the same is not compared slowly. */
function expectSame(actual: Copied, expected: Copied, octets: Uint8Array): void {
  const isSame = actual.next === expected.next && actual.bareNewline === expected.bareNewline;
  if (!isSame || Buffer.compare(actual.copy, expected.copy) !== 0)
    expect(actual, JSON.stringify(decodeAscii(octets))).toEqual(expected);
}

test.each(newlinesAndDots)(
  "the end of content is found behind many of %j, wherever octets are cut to be looked at",
  (piece) => {
    const text = piece.repeat(140_000 / piece.length);
    for (const border of [256, 65_536, 2 * 65_536 - 4]) {
      for (let index = border - 16; index < border + 6; index++) {
        const whole = encodeUtf8(`${text.slice(0, index)}x\r\n.\r\n..\r\n.\r\n`);
        for (const less of [0, 5, 9]) {
          const octets = whole.subarray(0, whole.length - less);
          expect(contentEnd(octets, 1)).toBe(plain.contentEnd(octets, 1));
        }
      }
    }
  },
);

describe("where copies are made", () => {
  const place = 65_536;
  const source = 64;

  interface Loops {
    readonly memory: WebAssembly.Memory;
    readonly unstuffed: (at: number, end: number, last: number, out: number, stopsAtBare: number) => number;
    readonly stuffed: (at: number, end: number, out: number, dot: number, isLineStart: number) => number;
  }

  test("nothing is written before, nor behind twice what is read and a few octets", () => {
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(program));
    // Its exports are what assembly.wat says.
    const { memory, ...copies } = exports as unknown as Loops;
    const octets = new Uint8Array(memory.buffer);
    const untouched = new Uint8Array(octets.length - place).fill(0xaa);
    const expectUntouched = (before: Uint8Array, length: number): void => {
      expect(Buffer.compare(octets.subarray(0, place), before)).toBe(0);
      expect(Buffer.compare(octets.subarray(place + length), untouched.subarray(length))).toBe(0);
    };
    for (const piece of [...newlinesAndDots, "a", ".\r\n", "\r\n\n.", "x".repeat(15) + "\n"]) {
      for (const length of [1, 2, 15, 16, 17, 33, mostCopied - 1, mostCopied]) {
        octets.fill(0xaa);
        octets.set(octetsOf(piece.repeat(mostCopied + 4)).subarray(0, length + 4), source);
        const before = octets.slice(0, place);
        copies.unstuffed(source, source + length, source + length, place, 0);
        expectUntouched(before, 2 * length + 1);
        copies.unstuffed(source, source + length, source + length + 4, place, 0);
        expectUntouched(before, 2 * length + 1);
        copies.stuffed(source, source + length, place, DOT, 1);
        expectUntouched(before, 2 * length + 1);
      }
    }
  });
});
