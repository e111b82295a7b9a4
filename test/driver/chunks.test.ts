// Content that comes by BDAT: what handlers see of it is what they see of DATA.

import { binaryMime } from "@carteiro/core";
import { accept, ContentAbortedError, ContentRefusedError, reject, type ServerOptions } from "@carteiro/driver";
import { describe, expect, test } from "vitest";
import { settled } from "../support/fake-transport.ts";
import { memoryServer } from "../support/memory-server.ts";

/** A server that keeps what comes of each content, and a client in a transaction. */
async function keeping(options: Partial<ServerOptions> = {}, parameters = "") {
  const texts: string[] = [];
  const failures: unknown[] = [];
  const rig = memoryServer({
    onMessage: ({ content }) =>
      content.bytes().then(
        (bytes) => {
          texts.push(Buffer.from(bytes).toString("latin1"));
          return accept("Kept");
        },
        (error: unknown) => void failures.push(error),
      ),
    ...options,
  });
  const client = await rig.after(`MAIL FROM:<a@example.org>${parameters}`, "RCPT TO:<b@example.org>");
  return { ...rig, client, texts, failures };
}

describe("content by BDAT", () => {
  test("is one content for onMessage, whatever its chunks and whatever is in them", async () => {
    const { client, texts } = await keeping();
    expect(await client.ask("BDAT 7\r\n.\r\n..")).toMatch("250 2.0.0 7");
    expect(await client.ask("BDAT 0")).toMatch("250 2.0.0 0");
    expect(await client.ask("BDAT 3 LAST\r\na")).toBe("250 2.6.0 Kept");
    expect(texts).toEqual([".\r\n..\r\na\r\n"]);
  });

  test("is handed on as it is where it is BINARYMIME", async () => {
    const { client, texts } = await keeping({ bareNewlines: "reject", extensions: [binaryMime] }, " BODY=BINARYMIME");
    expect(await client.ask("BDAT 6 LAST\r\n\n\r\0\r")).toBe("250 2.6.0 Kept");
    expect(texts).toEqual(["\n\r\0\r\r\n"]);
  });

  test("is asked about by onData once, before any of it is handed on, and refused there without onMessage", async () => {
    let asked = 0;
    const { client, texts, failures } = await keeping({
      onData: () => {
        asked += 1;
        return reject(452, "4.3.1", "No room");
      },
    });
    await client.say("BDAT 6 LAST\r\nQUIT", "NOOP");
    expect([await client.reply(), await client.reply()]).toEqual(["452 4.3.1 No room", "250 2.0.0 OK"]);
    expect([asked, texts, failures]).toEqual([1, [], []]);
  });

  test.each([
    ["RSET", "RSET", ContentAbortedError],
    ["EHLO", "EHLO client.example.org", ContentAbortedError],
    ["QUIT", "QUIT", ContentAbortedError],
    ["a bare newline", "BDAT 3\r\n\n", ContentRefusedError],
    ["a chunk too large", "BDAT 1001\r\n", ContentRefusedError],
  ])("fails for onMessage at %s between two chunks", async (_, command, error) => {
    const { client, texts, failures } = await keeping({ limits: { messageSize: 1_000 } });
    expect(await client.ask("BDAT 5\r\none")).toMatch("250");
    await client.say(command.endsWith("1001\r\n") ? `${command}${"x".repeat(999)}` : command);
    await client.reply();
    await settled();
    expect(texts).toEqual([]);
    expect(failures).toEqual([expect.any(error)]);
  });
});
