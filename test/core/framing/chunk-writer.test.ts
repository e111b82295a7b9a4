// Content on its way out by BDAT (RFC 3030 §2). What is written is read back by the chunk reader.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ChunkReader } from "../../../packages/core/src/framing/chunk-reader.ts";
import {
  ChunkWriter,
  type ChunkWriterOptions,
  type WrittenChunk,
} from "../../../packages/core/src/framing/chunk-writer.ts";
import { parseCommand } from "../../../packages/core/src/grammar/command.ts";
import { decodeAscii } from "../../../packages/core/src/grammar/text.ts";
import { concatenated, contents, everyChunking, rechunked, times } from "../../support/arbitraries.ts";

type Policy = ChunkWriterOptions["bareNewlines"];

/** All chunks of the content; what was given is overwritten at once, as a source that reuses its memory does. */
function written(pieces: readonly Uint8Array[], options: ChunkWriterOptions) {
  const writer = new ChunkWriter(options);
  const chunks: WrittenChunk[] = [];
  for (const piece of pieces) {
    const own = piece.slice();
    chunks.push(...writer.write(own));
    own.fill(0x21);
  }
  chunks.push(...writer.finish(), writer.last());
  return { chunks, bareNewline: writer.bareNewline };
}

/** What a server makes of the chunks: commands, and as many octets as they say. */
function readBack(chunks: readonly WrittenChunk[]): { content: string; sizes: number[]; lasts: boolean[] } {
  const reader = new ChunkReader({ bareNewlines: "keep" });
  const slices: Uint8Array[] = [];
  const sizes: number[] = [];
  const lasts: boolean[] = [];
  const octets = concatenated(chunks.map(({ bytes }) => bytes));
  for (let at = 0; at < octets.length;) {
    const end = octets.indexOf(13, at);
    const parsed = parseCommand(octets.subarray(at, end));
    if (parsed.kind !== "command" || parsed.command.verb !== "BDAT") throw new Error(`No BDAT at ${at}`);
    const { chunk } = parsed.command;
    sizes.push(chunk.octets);
    lasts.push(chunk.last);
    reader.begin(chunk.octets, chunk.last);
    at = end + 2;
    for (let outcome = reader.read(octets, at); outcome !== "end"; outcome = reader.read(octets, at)) {
      if (outcome === "partial") throw new Error("fewer octets than announced");
      slices.push(reader.slice);
      at = reader.next;
    }
  }
  return { content: decodeAscii(concatenated(slices)), sizes, lasts };
}

/** CRLF for every newline, and one at the end. */
function canonical(octets: Uint8Array): string {
  const text = decodeAscii(octets).replaceAll(/\r\n|\r|\n/g, "\r\n");
  return text === "" || text.endsWith("\r\n") ? text : `${text}\r\n`;
}

const limits = fc.oneof(fc.integer({ min: 1, max: 12 }), fc.constantFrom(100, 262_144));
const cut = rechunked(contents).map(({ whole, chunks }) => ({ whole, pieces: chunks }));

describe("the chunk writer", () => {
  test("writes chunks of which exactly the canonical content is read", () => {
    fc.assert(
      fc.property(cut, limits, ({ whole, pieces }, limit) => {
        const { chunks } = written(pieces, { bareNewlines: "normalise", limit });
        expect(readBack(chunks).content).toBe(canonical(whole));
      }),
      times(10),
    );
  });

  test("writes raw octets as they are", () => {
    fc.assert(
      fc.property(cut, limits, ({ whole, pieces }, limit) => {
        const { chunks, bareNewline } = written(pieces, { bareNewlines: "raw", limit });
        expect(readBack(chunks).content).toBe(decodeAscii(whole));
        expect(bareNewline).toBe(false);
      }),
      times(10),
    );
  });

  test("fills every chunk but the last, which is empty only where there is no content, and says LAST of it alone", () => {
    fc.assert(
      fc.property(cut, limits, fc.constantFrom<Policy[]>("normalise", "raw"), ({ pieces }, limit, bareNewlines) => {
        const { sizes, lasts } = readBack(written(pieces, { bareNewlines, limit }).chunks);
        expect(sizes.slice(0, -1).every((size) => size === limit)).toBe(true);
        expect(sizes.at(-1)).toBeLessThanOrEqual(limit);
        expect(sizes.at(-1) === 0).toBe(sizes.every((size) => size === 0));
        expect(lasts).toEqual(sizes.map((_, index) => index === sizes.length - 1));
      }),
    );
  });

  test("writes the same however the content is cut into pieces", () => {
    const content = Uint8Array.from("a\r\n.\r\rb\n\n.c\r", (char) => char.charCodeAt(0));
    for (const bareNewlines of ["normalise", "raw"] as const) {
      const whole = written([content], { bareNewlines, limit: 5 }).chunks;
      for (const pieces of everyChunking(content)) {
        expect(written(pieces, { bareNewlines, limit: 5 }).chunks).toEqual(whole);
      }
    }
  });

  test("told to reject bare newlines, says that there was one, and writes nothing from there on", () => {
    fc.assert(
      fc.property(cut, limits, ({ whole, pieces }, limit) => {
        const { chunks, bareNewline } = written(pieces, { bareNewlines: "reject", limit });
        const text = decodeAscii(whole);
        expect(bareNewline).toBe(/\r(?!\n)|(?<!\r)\n/.test(text));
        const { content } = readBack(chunks);
        expect(canonical(whole).startsWith(content)).toBe(true);
        if (!bareNewline) expect(content).toBe(canonical(whole));
      }),
      times(5),
    );
  });

  test("gives early what it has collected, and nothing where it has nothing", () => {
    const writer = new ChunkWriter({ bareNewlines: "raw", limit: 10 });
    expect(writer.flush()).toBeUndefined();
    writer.write(Uint8Array.of(1, 2));
    expect(writer.flush()).toMatchObject({ command: "BDAT 2", last: false });
    expect(writer.flush()).toBeUndefined();
    expect(writer.last()).toMatchObject({ command: "BDAT 0 LAST", last: true });
  });
});
