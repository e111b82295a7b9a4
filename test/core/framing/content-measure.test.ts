// What is known of content before it is sent, held against the content as it is sent.

import fc from "fast-check";
import { expect, test } from "vitest";
import { measureContent } from "../../../packages/core/src/framing/content-measure.ts";
import { encodeUtf8 } from "../../../packages/core/src/grammar/text.ts";
import { times } from "../../support/arbitraries.ts";

const pieces = fc.constantFrom("\r", "\n", "\r\n", "a", ".", "é", "\r\n.", "x".repeat(61));
/** Mostly lines, so that much of it is plain, over all borders of the search. */
const lines = fc.constantFrom("\r\n", "a line of text\r\n", `${"x".repeat(70)}\r\n`, "é\r\n", "a.b");

test("content is measured as it will be sent, line ends normalised", () => {
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 30 }), (parts) => {
      const given = parts.join("");
      expect(measureContent(encodeUtf8(given))).toMatchObject(expected(given));
    }),
    times(200),
  );
});

test("content of any length is called plain where nothing has to be changed in it, and only there", () => {
  const long = fc.tuple(
    fc.array(lines, { maxLength: 40 }),
    fc.nat(1_700),
    fc.array(fc.oneof({ weight: 20, arbitrary: lines }, { weight: 1, arbitrary: pieces }), { maxLength: 20 }),
  );
  fc.assert(
    fc.property(long, ([before, repeated, after]) => {
      const given = before.join("") + "0123456789012345678901234567890123456\r\n".repeat(repeated) + after.join("");
      const octets = encodeUtf8(given);
      const isPlain = octets.length >= 256 && !/(^|\r\n)\.|(^|[^\r])\n|\r($|[^\n])/.test(given);
      expect(measureContent(octets)).toEqual({ ...expected(given), isPlain });
    }),
    times(100),
  );
});

test("octets over 127 are seen wherever they stand, and none where there are none", () => {
  const text = encodeUtf8(`${"x".repeat(62)}\r\n`.repeat(1_030));
  const dirty = new Uint8Array(text.length + 100).fill(0xff);
  for (const length of [255, 256, 300, 65_536, 65_537, 65_663]) {
    // In the midst of others, which do not count.
    dirty.set(text.subarray(0, length));
    measureContent(dirty);
    expect(measureContent(dirty.subarray(0, length)).eightBit).toBe(false);
    for (const at of [0, 1, length - 66, length - 1]) {
      const octets = text.slice(0, length);
      octets[at] = 0x80;
      expect(measureContent(octets).eightBit, `${at} of ${length}`).toBe(true);
    }
    dirty.fill(0xff);
  }
});

function expected(given: string): { readonly size: number; readonly eightBit: boolean } {
  const text = given.replace(/\r\n|\r|\n/g, "\r\n");
  const sent = text === "" || text.endsWith("\r\n") ? text : `${text}\r\n`;
  return { size: encodeUtf8(sent).length, eightBit: given.includes("é") };
}
