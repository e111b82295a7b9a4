// Content between the loop that brings it and the handler that consumes it, and content that a caller gives to be sent.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Content } from "../../packages/driver/src/content.ts";
import { encoded, Pieces } from "../../packages/driver/src/outgoing-content.ts";
import type { ContentSource } from "@carteiro/driver";
import { settled } from "../support/fake-transport.ts";
import { ascii, joined, same } from "../support/transfers.ts";

const credit = 65_536;

const slices = fc.array(
  fc.oneof(
    fc.uint8Array({ minLength: 1, maxLength: 40 }),
    fc.integer({ min: 900, max: 70_000 }).map((length) => new Uint8Array(length).fill(length & 0xff)),
  ),
  { maxLength: 40 },
);

describe("incoming content", () => {
  test("content is what was pushed, whatever the order of pushing and consuming", async () => {
    await fc.assert(
      fc.asyncProperty(slices, fc.infiniteStream(fc.boolean()), async (pushed, consumes) => {
        const content = new Content();
        const iterator = content[Symbol.asyncIterator]();
        const consumed: Uint8Array[] = [];
        const consume = async () => {
          const { done, value } = await iterator.next();
          if (done !== true) consumed.push(value.slice());
          return done === true;
        };
        const pending: Promise<boolean>[] = [];
        for (const slice of pushed) {
          void content.push(slice.slice());
          if (consumes.next().value === true) pending.push(consume());
        }
        content.end();
        while (!(await consume()));
        await Promise.all(pending);
        expect(same(joined(consumed), joined(pushed))).toBe(true);
      }),
    );
  });

  test("producer is asked to wait exactly while 64 KiB or more wait for the consumer", async () => {
    await fc.assert(
      fc.asyncProperty(slices, async (pushed) => {
        const content = new Content();
        const iterator = content[Symbol.asyncIterator]();
        let waiting = 0;
        const pauses: { over: boolean }[] = [];
        for (const slice of pushed) {
          waiting += slice.length;
          const pause = content.push(slice);
          expect(pause === undefined).toBe(waiting < credit);
          if (pause === undefined) continue;
          const noted = { over: false };
          pauses.push(noted);
          void pause.then(() => (noted.over = true));
        }
        content.end();
        while (waiting > 0) {
          await settled();
          if (waiting >= credit) expect(pauses.some(({ over }) => over)).toBe(false);
          const { value } = await iterator.next();
          waiting -= value?.length ?? 0;
          await settled();
          if (waiting < credit) expect(pauses.every(({ over }) => over)).toBe(true);
        }
      }),
    );
  });

  test("small slices that wait are gathered: what is held is not much more than the octets", () => {
    const content = new Content();
    for (let index = 0; index < 60_000; index++) void content.push(ascii("x").slice());
    content.end();
    return expect(consumedSizes(content)).resolves.toHaveLength(1 + Math.ceil(59_999 / 8_192));
  });

  test("a slice for a consumer who waits for it is handed on as it is", async () => {
    const content = new Content();
    const first = content[Symbol.asyncIterator]().next();
    const slice = ascii("x");
    void content.push(slice);
    expect((await first).value).toBe(slice);
  });

  test("bytes() and text() give the whole", async () => {
    const bytes = pushed("Olá", " mundo\r\n");
    expect(await bytes.bytes()).toEqual(new TextEncoder().encode("Olá mundo\r\n"));
    expect(await pushed("Olá", " mundo\r\n").text()).toBe("Olá mundo\r\n");
    expect(await pushed().text()).toBe("");
  });

  test("content can be consumed once", async () => {
    const content = pushed("once");
    await content.bytes();
    await expect(content.text()).rejects.toThrow(/can be read once/);
    expect(() => content[Symbol.asyncIterator]()).toThrow(TypeError);
  });

  test("leaving the loop early throws the rest away and lets the producer go on", async () => {
    const content = new Content();
    void content.push(ascii("first"));
    const pause = content.push(new Uint8Array(credit));
    for await (const slice of content) {
      expect(slice).toEqual(ascii("first"));
      break;
    }
    await pause;
    expect(content.push(new Uint8Array(10 * credit))).toBe(undefined);
  });

  test("a consumer who waits is released by the end, by discarding, and by failure", async () => {
    const ended = new Content();
    const none = ended.bytes();
    ended.end();
    expect(await none).toEqual(new Uint8Array());
    const discarded = new Content();
    const rest = discarded.bytes();
    discarded.discard();
    expect(await rest).toEqual(new Uint8Array());
    const failed = new Content();
    const nothing = expect(failed.bytes()).rejects.toThrow("lost");
    failed.fail(new Error("lost"));
    await nothing;
  });

  test("content that fails after its end is not taken for whole by who has not had all of it", async () => {
    const content = pushed("one", "two");
    const iterator = content[Symbol.asyncIterator]();
    await iterator.next();
    content.fail(new Error("lost"));
    await expect(iterator.next()).rejects.toThrow("lost");
    const whole = pushed("one");
    const other = whole[Symbol.asyncIterator]();
    await other.next();
    whole.fail(new Error("lost"));
    expect(await other.next()).toEqual({ done: true, value: undefined });
  });

  test("failure throws away what waits, releases the producer, and stays", async () => {
    const content = new Content();
    const pause = content.push(new Uint8Array(credit));
    content.fail(new Error("lost"));
    await pause;
    content.end();
    content.discard();
    await expect(content.bytes()).rejects.toThrow("lost");
  });

  test("content feeds a web stream, and cancelling that discards it although a read is pending", async () => {
    const { ReadableStream: WebStream } = await import("node:stream/web");
    const content = new Content();
    const reader = WebStream.from(content).getReader();
    const pending = reader.read();
    await reader.cancel();
    await pending;
    expect(content.push(new Uint8Array(10 * credit))).toBe(undefined);
  });
});

describe("content to be sent", () => {
  const text = "Subject: Olá\r\n\r\nOlá!\r\n";
  const octets = new TextEncoder().encode(text);
  async function* generated() {
    yield text.slice(0, 9);
    yield new TextEncoder().encode(text.slice(9));
  }
  const kinds: [string, () => ContentSource][] = [
    ["a string", () => text],
    ["octets", () => octets],
    ["a Buffer", () => Buffer.from(text)],
    ["an array of strings", () => [text.slice(0, 4), "", text.slice(4)]],
    ["an iterable of octets", () => new Set([octets.subarray(0, 3), octets.subarray(3)])],
    ["an async iterable", generated],
    ["a web stream", () => new Blob([text]).stream()],
    ["a web stream of text", () => new Blob([text]).stream().pipeThrough(new TextDecoderStream())],
  ];

  test.each(kinds)("is taken as %s", async (_, source) => {
    expect(same(joined(await allPieces(source())), octets)).toBe(true);
  });

  test("comes in pieces of 64 KiB at most", async () => {
    const pieces = await allPieces([new Uint8Array(150_000), "x".repeat(70_000)]);
    expect(pieces.map(({ length }) => length)).toEqual([65_536, 65_536, 18_928, 65_536, 4_464]);
  });

  test("of another kind is refused, saying what to give", async () => {
    const numbers = [1, 2] as unknown as string[];
    await expect(new Pieces(numbers).next()).rejects.toThrow(/Content of type number: give a string/);
  });
});

function pushed(...parts: string[]): Content {
  const content = new Content();
  for (const part of parts) void content.push(new TextEncoder().encode(part));
  content.end();
  return content;
}

async function allPieces(source: ContentSource): Promise<Uint8Array[]> {
  const pieces = new Pieces(encoded(source));
  const all: Uint8Array[] = [];
  for (let piece = await pieces.next(); piece.done !== true; piece = await pieces.next()) all.push(piece.value);
  return all;
}

async function consumedSizes(content: Content): Promise<number[]> {
  const sizes: number[] = [];
  for await (const slice of content) sizes.push(slice.length);
  return sizes;
}
