// Content on its way out: RFC 5321 §2.3.8 and §4.5.2. What is written is read back by the data reader.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DataReader } from "../../../packages/core/src/framing/data-reader.ts";
import { DataWriter, type DataWriterOptions } from "../../../packages/core/src/framing/data-writer.ts";
import { decodeAscii, encodeUtf8 } from "../../../packages/core/src/grammar/text.ts";
import {
  canonicalContents,
  chunked,
  concatenated,
  contents,
  everyChunking,
  everySequence,
  longContents,
  rechunked,
  times,
} from "../../support/arbitraries.ts";
import { unstuffed } from "../../support/wire.ts";
import { countedOctets } from "../../support/counted-octets.ts";

type Policy = DataWriterOptions["bareNewlines"];

/** What is sent for the chunks, its end included, and whether there was a bare newline. */
function written(chunks: readonly Uint8Array[], policy: Policy): { sent: string; bareNewline: boolean } {
  const writer = new DataWriter({ bareNewlines: policy });
  const parts = chunks.flatMap((chunk) => writer.write(chunk));
  if (parts.some((part) => part.length === 0)) throw new Error("a part of nothing");
  parts.push(writer.end());
  return { sent: decodeAscii(concatenated(parts)), bareNewline: writer.bareNewline };
}

function readBack(sent: string): { content: string; end: number; bareNewline: boolean } {
  const octets = Uint8Array.from(sent, (char) => char.charCodeAt(0));
  const reader = new DataReader({ bareNewlines: "normalise" });
  const slices: Uint8Array[] = [];
  for (let at = 0; ; at = reader.next) {
    const outcome = reader.read(octets, at);
    const content = decodeAscii(concatenated(slices));
    if (outcome === "end") return { content, end: reader.next, bareNewline: reader.bareNewline };
    if (outcome === "partial") return { content, end: -1, bareNewline: reader.bareNewline };
    slices.push(reader.slice);
  }
}

/** CRLF for every newline, and one at the end. */
function canonical(octets: Uint8Array): string {
  const text = decodeAscii(octets).replaceAll(/\r\n|\r|\n/g, "\r\n");
  return text === "" || text.endsWith("\r\n") ? text : `${text}\r\n`;
}

function hasBareNewline(octets: Uint8Array): boolean {
  return /\r(?!\n)|(?<!\r)\n/.test(decodeAscii(octets));
}

const policies: readonly Policy[] = ["normalise", "reject", "pass"];

describe("the data writer", () => {
  test.each(policies)("told to %s, writes canonical content so that exactly that is read", (policy) => {
    const cut = canonicalContents.chain((whole) => chunked(whole).map((chunks) => ({ whole, chunks })));
    fc.assert(
      fc.property(cut, ({ whole, chunks }) => {
        const { sent, bareNewline } = written(chunks, policy);
        expect(readBack(sent)).toEqual({ content: decodeAscii(whole), end: sent.length, bareNewline: false });
        expect(bareNewline).toBe(false);
      }),
      times(10),
    );
  });

  test("told to normalise, writes any content so that it is read with CRLF for each newline", () => {
    fc.assert(
      fc.property(rechunked(contents), ({ whole, chunks }) => {
        const { sent, bareNewline } = written(chunks, "normalise");
        expect(readBack(sent)).toEqual({ content: canonical(whole), end: sent.length, bareNewline: false });
        expect(bareNewline).toBe(hasBareNewline(whole));
      }),
      times(30),
    );
  });

  test.each(policies)("told to %s, writes long content so, too", (policy) => {
    fc.assert(
      fc.property(rechunked(longContents), ({ whole, chunks }) => {
        const { sent, bareNewline } = written(chunks, policy);
        expect(bareNewline).toBe(hasBareNewline(whole));
        if (!bareNewline || policy === "normalise") {
          expect(readBack(sent)).toEqual({ content: canonical(whole), end: sent.length, bareNewline: false });
        } else expect(readBack(sent).end).toBe(policy === "reject" ? -1 : sent.length);
      }),
      times(3),
    );
  });

  test("writes few parts where every line begins with a dot", () => {
    const writer = new DataWriter({ bareNewlines: "reject" });
    expect(writer.write(encodeUtf8(".\r\n".repeat(10_000)))).toHaveLength(2);
    expect(writer.write(encodeUtf8(`${"a".repeat(998)}\r\n.`.repeat(20)))).toHaveLength(21);
  });

  test.each(policies)(
    "told to %s, writes many lines of dots, begun anywhere, and what is bare behind them",
    (policy) => {
      for (const piece of [".\r\n", "..a\r\n", "\r\n.", "a\r", ".\n", "\r\n"]) {
        for (let before = 0; before < 9; before++) {
          for (const behind of ["", "\r", "a\rb", "\n."]) {
            const octets = encodeUtf8(`${"x".repeat(before)}\r\n${piece.repeat(20_000 / piece.length)}${behind}`);
            const { sent, bareNewline } = written([octets], policy);
            expect(bareNewline).toBe(hasBareNewline(octets));
            if (bareNewline && policy !== "normalise") continue;
            expect(
              unstuffed(sent.slice(0, -".\r\n".length)) === canonical(octets),
              `${before} ${piece} ${behind}`,
            ).toBe(true);
          }
        }
      }
    },
  );

  test("told to reject, writes content without bare newlines, and never ends any other", () => {
    fc.assert(
      fc.property(rechunked(contents), ({ whole, chunks }) => {
        const { sent, bareNewline } = written(chunks, "reject");
        expect(bareNewline).toBe(hasBareNewline(whole));
        const expected = bareNewline ? { end: -1 } : { content: canonical(whole), end: sent.length };
        expect(readBack(sent)).toMatchObject(expected);
        expect(sent).not.toMatch(/\r(?!\n)|(?<!\r)\n/);
      }),
      times(30),
    );
  });

  test("told to pass, writes any content so that exactly that is read by a strict reader", () => {
    fc.assert(
      fc.property(rechunked(contents), ({ whole, chunks }) => {
        const { sent } = written(chunks, "pass");
        const text = decodeAscii(whole);
        const content = text === "" || text.endsWith("\r\n") ? text : `${text}\r\n`;
        expect(unstuffed(sent.slice(0, -".\r\n".length))).toBe(content);
        expect(readBack(sent).end).toBe(sent.length);
      }),
      times(30),
    );
  });

  test.each(policies)("told to %s, writes the same for every division of every short sequence", (policy) => {
    for (const octets of everySequence([13, 10, 46, 97], 5)) {
      const whole = written([octets], policy);
      const isRefused = policy === "reject" && whole.bareNewline;
      for (const chunks of everyChunking(octets)) {
        const parts = written(chunks, policy);
        const isSame = parts.bareNewline === whole.bareNewline && (isRefused || parts.sent === whole.sent);
        if (!isSame) expect(parts, JSON.stringify(decodeAscii(octets))).toEqual(whole);
      }
    }
  });

  test.each([
    ["", ".\r\n"],
    ["a", "a\r\n.\r\n"],
    ["a\r\n", "a\r\n.\r\n"],
    [".", "..\r\n.\r\n"],
    [".\r\n", "..\r\n.\r\n"],
    ["..\r\n.a\r\nb.\r\n", "...\r\n..a\r\nb.\r\n.\r\n"],
    ["a\n.b\r.c", "a\r\n..b\r\n..c\r\n.\r\n"],
    ["a\r", "a\r\n.\r\n"],
    ["\r\r\n", "\r\n\r\n.\r\n"],
    ["\r\n.\r\n", "\r\n..\r\n.\r\n"],
  ])("writes %j as %j", (content, sent) => {
    expect(written([encodeUtf8(content)], "normalise").sent).toBe(sent);
  });

  test("does not copy canonical content: what it writes are views of the chunk", () => {
    const chunk = encodeUtf8("a\r\n.b\r\nc\r\n");
    const parts = new DataWriter({ bareNewlines: "normalise" }).write(chunk);
    expect(parts.map((part) => decodeAscii(part))).toEqual(["a\r\n.", ".b\r\nc\r\n"]);
    for (const part of parts) expect(part.buffer).toBe(chunk.buffer);
  });

  const hostile = [".", ".\r\n", "\r\n", "\n", "\r", "\n.", "\r.", "a", "a\n", "\r\n\n"];
  test.each(hostile)("looks at octets a few times each where they are %j without end", (piece) => {
    const source = encodeUtf8(piece.repeat(4_000));
    for (const policy of policies) {
      for (const size of [1, 7, 1_000, source.length]) {
        let looks = 0;
        const writer = new DataWriter({ bareNewlines: policy });
        for (let from = 0; from < source.length; from += size) {
          const counted = countedOctets(source.subarray(from, from + size));
          writer.write(counted.octets);
          looks += counted.looks();
        }
        expect(looks).toBeLessThan(source.length * 12);
      }
    }
  });
});
