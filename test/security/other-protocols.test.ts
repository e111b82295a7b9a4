// What is no SMTP on an SMTP port: a browser that was made to POST commands, a TLS hello in the clear, noise. Nothing of it
// is executed.

import { request } from "node:http";
import { accept, createServer } from "@carteiro/node";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { RawClient } from "../support/raw-peers.ts";
import { latin1 } from "../support/session-harness.ts";

const commands =
  "EHLO evil\r\nMAIL FROM:<evil@example.org>\r\nRCPT TO:<victim@example.org>\r\nDATA\r\nSubject: evil\r\n\r\nevil\r\n.\r\nQUIT\r\n";

function noting() {
  const asked: string[] = [];
  const note = (what: string) => () => void asked.push(what);
  const handlers = {
    onHello: note("hello"),
    onMail: note("mail"),
    onRecipient: note("recipient"),
    onMessage: note("message"),
    onReset: note("reset"),
  };
  return { asked, handlers };
}

const headers = `Host: mx.example.org\r\nContent-Type: text/plain\r\nContent-Length: ${commands.length}\r\n\r\n`;
const requests = [
  `POST / HTTP/1.1\r\n${headers}${commands}`,
  `GET / HTTP/1.1\r\n${headers}${commands}`,
  `PUT /EHLO HTTP/1.0\r\n\r\n${commands}`,
  `post / http/1.1\r\n${headers}${commands}`,
  `OPTIONS * HTTP/1.1\r\n${headers}${commands}`,
  `CONNECT mx.example.org:25 HTTP/1.1\r\n${headers}${commands}`,
  `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${commands}`,
  `POST / HTTP/1.1\n${headers.replaceAll("\r", "")}${commands}`,
  `INVITE sip:a@b SIP/2.0\r\n\r\n${commands}`,
];

describe("a server that is spoken to in another protocol", () => {
  test.each(requests)("closes at the first line of %j, and executes nothing behind it", async (text) => {
    const { asked, handlers } = noting();
    const client = await RawClient.connect(handlers);
    await client.say(text);
    expect(client.closed).toBe(true);
    expect(asked).toEqual([]);
    expect(client.codes).toHaveLength(2);
    expect(client.codes[1]).toBeGreaterThanOrEqual(500);
  });

  test("closes also where the line comes octet by octet, or after a greeting", async () => {
    for (const before of ["", "EHLO a.example\r\nMAIL FROM:<a@b>\r\n"]) {
      const { asked, handlers } = noting();
      const client = await RawClient.connect(handlers, { chunkSizes: [1] });
      await client.say(`${before}POST / HTTP/1.1\r\n${headers}${commands}`);
      expect(client.closed).toBe(true);
      expect(asked).toEqual(before === "" ? [] : ["hello", "mail"]);
    }
  });

  test("takes no mail from an HTTP client, over a real socket", async () => {
    const { asked, handlers } = noting();
    const server = createServer({ hostname: "localhost", ...handlers });
    const { port } = await server.listen({ host: "127.0.0.1" });
    const error = await new Promise((resolve) => {
      const outgoing = request({ host: "127.0.0.1", port, method: "POST", path: "/" }, resolve);
      outgoing.on("error", resolve);
      outgoing.end(commands);
    });
    expect(error).toBeInstanceOf(Error);
    await server.destroy();
    expect(asked).toEqual([]);
  });

  test.each([
    { name: "TLS 1.3", hello: "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" },
    { name: "TLS with a line end in its random", hello: "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n" },
    { name: "SSL 2", hello: "\x80\x2e\x01\x00\x02" },
  ])("executes nothing behind a hello of $name in the clear", async ({ hello }) => {
    const { asked, handlers } = noting();
    const client = await RawClient.connect(handlers);
    await client.say(hello + commands);
    // What comes before the first line's end is one line, and no command.
    expect(client.codes[1]).toBe(500);
    await client.clock.advance(600_000);
    expect(client.closed).toBe(true);
    expect(client.server.connections).toBe(0);
    if (!hello.endsWith("\r\n")) expect(asked).not.toContain("hello");
  });

  test("executes nothing of noise, and answers nothing but errors", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 300, size: "max" }), async (noise) => {
        const { asked, handlers } = noting();
        const client = await RawClient.connect({ ...handlers, onAuthenticate: () => accept() });
        await client.say(latin1(noise));
        await client.clock.advance(600_000);
        expect(client.closed).toBe(true);
        expect(asked).toEqual([]);
        for (const code of client.codes.slice(1)) expect(code).toBeGreaterThanOrEqual(400);
      }),
    );
  });
});
