// The message that send submits: composed, from a file, from standard input.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";

import * as fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";

import { composeMessage, openMessage, type MessageSource } from "../../packages/cli/src/compose.ts";

const scratch = mkdtempSync(join(tmpdir(), "carteiro-compose-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

async function contentOf({ content }: MessageSource): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of content) parts.push(part);
  return Buffer.concat(parts);
}

const usual = {
  from: "ana@example.org",
  to: ["bia@example.net", "caio@example.net"],
  subject: "Hello",
  text: "Good morning",
  date: new Date(Date.UTC(2026, 10, 21, 21, 12, 29)),
};

const composed = async (options = {}) => new TextDecoder().decode(await composeMessage({ ...usual, ...options }));

/** The header's fields, unfolded, by their names. */
function fieldsOf(message: string): Map<string, string> {
  const [header = ""] = message.split("\r\n\r\n");
  const lines = header.replaceAll(/\r\n[ \t]+/g, " ").split("\r\n");
  return new Map(lines.map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 2)]));
}

describe("a composed message", () => {
  test("has the fields that RFC 5322 §3.6 asks for, and the text", async () => {
    const message = await composed();
    const fields = fieldsOf(message);
    expect(fields.get("From")).toBe("ana@example.org");
    expect(fields.get("To")).toBe("bia@example.net, caio@example.net");
    expect(fields.get("Subject")).toBe("Hello");
    expect(fields.get("Date")).toBe("Sat, 21 Nov 2026 21:12:29 +0000");
    expect(fields.get("Message-ID")).toMatch(/^<[^<>@\s]+@example\.org>$/);
    expect(message.split("\r\n\r\n")[1]?.trimEnd()).toBe("Good morning");
  });

  test("has a Message-ID of its own each time", async () => {
    const ids = await Promise.all([composed(), composed()]);
    expect(new Set(ids.map((message) => fieldsOf(message).get("Message-ID"))).size).toBe(2);
  });

  test("has no line without CRLF, none over 998 octets and no field that a value brought in", async () => {
    const names = [...fieldsOf(await composed({ text: "é" })).keys()];
    const anything = fc.string({
      unit: fc.oneof(
        fc.constantFrom("\r", "\n", ":", " ", "é"),
        fc.string({ unit: "grapheme", minLength: 1, maxLength: 1 }),
      ),
      maxLength: 1200,
    });
    await fc.assert(
      fc.asyncProperty(anything, anything, async (subject, text) => {
        const message = await composed({ subject, text });
        expect(message.replaceAll("\r\n", "")).not.toMatch(/[\r\n]/);
        for (const line of message.split("\r\n")) expect(Buffer.byteLength(line)).toBeLessThanOrEqual(998);
        for (const name of fieldsOf(message).keys()) expect(names).toContain(name);
      }),
    );
  });

  test("ends its lines with CRLF however the text does", async () => {
    const message = await composed({ text: "a\rb\r\rc\nd\r\ne" });
    expect(message.split("\r\n\r\n").slice(1).join("\r\n\r\n")).toBe("a\r\nb\r\n\r\nc\r\nd\r\ne\r\n");
  });

  test("takes nothing of its text for a file to read", async () => {
    const secret = join(scratch, "secret");
    writeFileSync(secret, "do not tell");
    expect(await composed({ subject: secret, text: `file://${secret}` })).not.toContain("do not tell");
  });
});

describe("a message that is there", () => {
  test("is read from its file octet for octet, its size known beforehand", async () => {
    const octets = Buffer.from("Subject: x\n\n.\r\nbare\rand\n\0\xff", "latin1");
    const path = join(scratch, "message.eml");
    writeFileSync(path, octets);
    const source = await openMessage(path);
    expect(source.size).toBe(octets.length);
    expect(await contentOf(source)).toEqual(octets);
  });

  test("is read from standard input for -, its size unknown", async () => {
    const source = await openMessage("-", Readable.from([Buffer.from("Subject: x\r\n\r\n")]));
    expect(source.size).toBeUndefined();
    expect((await contentOf(source)).toString()).toBe("Subject: x\r\n\r\n");
  });

  test("is closed when it is disposed of, read to its end or not", async () => {
    const input = Readable.from([Buffer.from("Subject: x\r\n\r\n")]);
    await (await openMessage("-", input))[Symbol.asyncDispose]();
    expect(input.destroyed).toBe(true);
  });

  test("is refused at once if it is not there or a folder", async () => {
    await expect(openMessage(join(scratch, "none.eml"))).rejects.toMatchObject({ code: "ENOENT" });
    await expect(openMessage(scratch)).rejects.toMatchObject({ code: "EISDIR" });
  });
});
