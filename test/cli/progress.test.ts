// The progress bar: seen on terminals for large content only, and never in the way of the content.

import * as fc from "fast-check";
import { describe, expect, test } from "vitest";

import { progressLine, withProgress } from "../../packages/cli/src/progress.ts";

const megabyte = 1024 * 1024;

async function* pieces(count: number, length: number): AsyncGenerator<Uint8Array> {
  for (let index = 0; index < count; index++) yield new Uint8Array(length).fill(index);
}

/** Sends so many pieces to a terminal on which each piece takes so long, and tells what was sent and shown. */
async function sent(options: {
  count: number;
  length: number;
  size: number | undefined;
  isTTY?: boolean;
  pieceMs?: number;
}) {
  const { count, length, size, isTTY = true, pieceMs = 60 } = options;
  const shown: string[] = [];
  let time = 0;
  const stream = { isTTY, columns: 80, write: (text: string) => void shown.push(text) };
  let octets = 0;
  for await (const piece of withProgress(pieces(count, length), { stream, size, now: () => (time += pieceMs) }))
    octets += piece.length;
  return { octets, shown };
}

describe("the progress bar", () => {
  test("moves on to the whole and is erased at the end", async () => {
    const { shown } = await sent({ count: 8, length: megabyte, size: 8 * megabyte, pieceMs: 200 });
    expect(shown).toHaveLength(9);
    expect(shown[0]).toBe(`\r\u001b[K[=====${" ".repeat(35)}]  12 % of 8.4 MB`);
    expect(shown[7]).toContain("100 %");
    expect(shown[8]).toBe("\r\u001b[K");
  });

  test("is drawn no more often than one can read", async () => {
    const { shown } = await sent({ count: 100, length: megabyte, size: 100 * megabyte, pieceMs: 10 });
    expect(shown.length).toBeLessThan(14);
  });

  test("is not there for small content, nor where no terminal is", async () => {
    expect((await sent({ count: 4, length: 1000, size: 4000 })).shown).toEqual([]);
    expect((await sent({ count: 4, length: 1000, size: undefined })).shown).toEqual([]);
    expect((await sent({ count: 8, length: megabyte, size: 8 * megabyte, isTTY: false })).shown).toEqual([]);
  });

  test("counts what went by where the size is unknown", async () => {
    const { shown } = await sent({ count: 3, length: megabyte, size: undefined, pieceMs: 200 });
    expect(shown).toEqual(["\r\u001b[K2.1 MB", "\r\u001b[K3.1 MB", "\r\u001b[K"]);
  });

  test("is erased when sending breaks off, and ends the reading of the content", async () => {
    const shown: string[] = [];
    let ended = false;
    async function* content(): AsyncGenerator<Uint8Array> {
      try {
        yield* pieces(10, megabyte);
      } finally {
        ended = true;
      }
    }
    const stream = { isTTY: true, write: (text: string) => void shown.push(text) };
    let taken = 0;
    for await (const _ of withProgress(content(), { stream, size: 10 * megabyte, now: () => 0 }))
      if (++taken === 3) break;
    expect(shown.at(-1)).toBe("\r\u001b[K");
    expect(ended).toBe(true);
  });

  test("passes all content on", async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(5), fc.nat(megabyte), fc.boolean(), async (count, length, known) => {
        const { octets } = await sent({ count, length, size: known ? count * length : undefined });
        expect(octets).toBe(count * length);
      }),
    );
  });

  test("fits its line on any terminal, even if there is more content than was said", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 25, max: 300 }),
        fc.nat(2 ** 31),
        fc.integer({ min: 1, max: 2 ** 31 }),
        (columns, taken, size) => {
          expect(progressLine(taken, size, columns).length).toBeLessThan(columns);
        },
      ),
    );
  });
});
