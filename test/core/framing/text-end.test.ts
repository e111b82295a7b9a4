// The search for what is more than text, held against a search octet by octet: it reads words, so that every place in one
// counts, and every place of one in its buffer; and vectors, for which long texts are copied in parts.

import fc from "fast-check";
import { expect, test, vi } from "vitest";
import { assembly } from "../../../packages/core/src/framing/assembly.ts";
import { textEnd } from "../../../packages/core/src/framing/text-end.ts";
import { encodeUtf8 } from "../../../packages/core/src/grammar/text.ts";
import { longContents, times } from "../../support/arbitraries.ts";

const [CR, LF, DOT] = [13, 10, 46];

function expectedEnd(octets: Uint8Array, from: number, dot: number): number {
  for (let at = from; at < octets.length; at++) {
    const isLineEnd = octets[at] === LF && octets[at - 1] === CR;
    if (octets[at] === LF && !isLineEnd) return at;
    if (octets[at] === CR && octets[at + 1] !== LF) return at;
    if (isLineEnd && at > from && octets[at + 1] === dot) return at + 1;
  }
  return octets.length;
}

/** The same octets behind others that would be found, and before such or at the end of all, beginning at that place of a word. */
function placed(octets: Uint8Array, place: number): Uint8Array {
  const behind = place % 2 === 0 ? 8 : 0;
  const pool = new Uint8Array(4 + place + octets.length + behind).fill(LF);
  pool.set(octets, 4 + place);
  return pool.subarray(4 + place, 4 + place + octets.length);
}

const pieces = [
  "\r",
  "\n",
  "\r\n",
  "\r\n.",
  "\r\n.\r\n",
  "\r\n\r",
  "\n\r",
  "\r\r\n",
  "\r\n\n",
  "\x0e\r\n\x0e.",
  "\x0b\x8e.\x0c\r\n",
];

test.each(pieces)("the search finds %j at every index, in every length and place", (piece) => {
  const found = encodeUtf8(piece);
  for (let length = 60; length <= 100; length++) {
    for (let index = 0; index + found.length <= length; index++) {
      const octets = encodeUtf8("x".repeat(length));
      octets.set(found, index);
      for (let place = 0; place < 4; place++) {
        const there = placed(octets, place);
        for (const from of [0, 1, 2, 3]) {
          const isSame = textEnd(there, from, DOT) === expectedEnd(octets, from, DOT);
          if (!isSame)
            expect(textEnd(there, from, DOT), `${length} ${index} ${place} ${from}`).toBe(
              expectedEnd(octets, from, DOT),
            );
        }
      }
    }
  }
});

test.each(pieces)(
  "the search finds %j in long texts, where octets are copied to be looked at, wherever they are cut",
  (piece) => {
    const found = encodeUtf8(piece);
    const lines = encodeUtf8(`${"x".repeat(62)}\r\n`.repeat(240));
    const borders = [512, 2_560, 2_560 + 8_192, lines.length - 130];
    for (const border of borders) {
      for (let index = border - 70; index < border + 130; index++) {
        const whole = lines.slice();
        whole.set(found.subarray(0, whole.length - index), index);
        // Ending anywhere behind it, or with it.
        for (const length of [index + 1, index + found.length, index + 64, whole.length]) {
          const octets = whole.subarray(0, Math.min(length, whole.length));
          for (const dot of [DOT, -1]) {
            const end = textEnd(octets, 0, dot);
            const expected = expectedEnd(octets, 0, dot);
            if (end !== expected) expect(end, `${index} ${length} ${dot}`).toBe(expected);
          }
        }
      }
    }
  },
);

test("the search goes through any text as one octet by octet does, and finds no dots where none are asked for", () => {
  fc.assert(
    fc.property(longContents, fc.nat(3), fc.constantFrom(DOT, -1), (octets, place, dot) => {
      const there = placed(octets, place);
      for (let at = 0; at < octets.length; at++) {
        const end = textEnd(there, at, dot);
        expect(end).toBe(expectedEnd(octets, at, dot));
        at = end;
      }
    }),
    times(20),
  );
});

test("this runtime has vectors, so that the tests above are tests of them", () => {
  expect(assembly()).toBeDefined();
});

test("without WebAssembly the search does with words, and finds the same", async () => {
  vi.stubGlobal("WebAssembly", undefined);
  vi.resetModules();
  const loops = await import("../../../packages/core/src/framing/assembly.ts");
  const words = await import("../../../packages/core/src/framing/text-end.ts");
  expect(loops.assembly()).toBeUndefined();
  vi.unstubAllGlobals();
  fc.assert(
    fc.property(longContents, fc.nat(3), (octets, place) => {
      const there = placed(octets, place);
      for (let at = 0; at < octets.length; at++) {
        const end = words.textEnd(there, at, DOT);
        expect(end).toBe(expectedEnd(octets, at, DOT));
        at = end;
      }
    }),
    times(20),
  );
});
