// Other protocols at the port: a browser or a library that was made to speak to it, or somebody who took it for another.
// Not one command of an attacker's choice in what they send is executed.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { accepting, approaches, say, type ServerHarness } from "../core/server/subjects.ts";
import { chunkings, chunksOf, cycle } from "../support/dialogues.ts";
import { repliesIn } from "../support/wire.ts";

const commands =
  "EHLO attacker.example\r\nMAIL FROM:<attacker@example.net>\r\nRCPT TO:<victim@example.com>\r\nDATA\r\nhi\r\n.\r\nQUIT\r\n";

const header = "Host: mx.example.com:25\r\nContent-Type: text/plain\r\n";
const methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE"];
const requests = [
  ...methods.map((method) => `${method} / HTTP/1.1\r\n${header}\r\n${commands}`),
  `post /path?query HTTP/1.0\r\n\r\n${commands}`,
  `POST http://mx.example.com:25/ HTTP/1.1\r\n${header}\r\n${commands}`,
  // The attacker's URL and header fields, where a careless browser lets them have line ends.
  `GET /\r\n${commands}`,
  `GET / HTTP/1.1\r\nHost: ${commands}`,
  `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${commands}`,
  `OPTIONS sip:mx.example.com SIP/2.0\r\nVia: SIP/2.0/TCP a\r\n\r\n${commands}`,
  `INVITE sip:a@mx.example.com SIP/2.0\r\n\r\n${commands}`,
  `REGISTER sip:mx.example.com SIP/2.0\r\n\r\n${commands}`,
  `${header}\r\n${commands}`,
  // Longer than any command.
  `GET /${"x".repeat(5_000)} HTTP/1.1\r\n${commands}`,
  `User-Agent: x\r\n${commands}`,
  `Content-Length: 4\r\n${commands}`,
];

function expectNothingExecuted(harness: ServerHarness, before: readonly string[]): void {
  expect(harness.closed).toBe(true);
  expect(harness.events.map(({ type }) => type)).toEqual([...before, "sessionClosed"]);
}

describe("HTTP and other protocols made to speak to the port", () => {
  test.each(requests)("server closes at the first line of %j, and executes nothing behind it", (request) => {
    fc.assert(
      fc.property(chunkings, fc.boolean(), (sizes, greeted) => {
        const harness = accepting();
        if (greeted) say(harness, approaches.hello.lines);
        for (const chunk of chunksOf(request, cycle(sizes))) if (!harness.closed) harness.receive(chunk);
        expectNothingExecuted(harness, greeted ? ["connectionReceived", "helloReceived"] : ["connectionReceived"]);
        expect(repliesIn(harness.output).at(-1)?.code).toBe(554);
      }),
      { numRuns: 20 },
    );
  });

  const page = "<script>alert(1)</script>";
  test.each([`GET /${page} HTTP/1.1`, page, `EHLO ${page}`, `VRFY ${page}`, `NOOP ${page}`, `MAIL FROM:<${page}@b>`])(
    "server says nothing back of %j, which a browser would take for a page",
    (line) => {
      const harness = accepting();
      say(harness, `${line}\r\n`);
      expect(harness.output).not.toContain("script");
    },
  );

  const clientHello = `\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03${"\x00\xa7\x5b\xe1".repeat(8)} `;
  const binaries = [
    { name: "a TLS handshake in the clear", octets: clientHello + "\x13\x01\x13\x02\x00\x0a".repeat(40) + commands },
    { name: "SSH", octets: `SSH-2.0-OpenSSH_9.9\n${commands}` },
    { name: "PostgreSQL", octets: `\x00\x00\x00\x08\x04\xd2\x16\x2f\n${commands}` },
    { name: "a line of Unix", octets: `\n${commands}` },
    { name: "a carriage return", octets: `\r${commands}` },
  ];

  test.each(binaries)(
    "server closes at the first bare CR or LF of $name, and executes nothing behind it",
    ({ octets }) => {
      for (const sizes of [[Infinity], [1], [7]]) {
        const harness = accepting();
        for (const chunk of chunksOf(octets, cycle(sizes))) if (!harness.closed) harness.receive(chunk);
        expectNothingExecuted(harness, ["connectionReceived"]);
      }
    },
  );

  // "TLS Poison": a session ticket of the attacker's choice, in the handshake with which a browser means to go on.
  test.each([
    `${clientHello}\r\n${commands}`,
    `${clientHello}${"t".repeat(5_000)}\r\n${commands}`,
    `\x00\x00\x00\x08\x04\xd2\x16\x2f\r\n${commands}`,
  ])("server closes at the first line of %j, which is no text", (octets) => {
    for (const sizes of [[Infinity], [1], [100]]) {
      const harness = accepting();
      for (const chunk of chunksOf(octets, cycle(sizes))) if (!harness.closed) harness.receive(chunk);
      expectNothingExecuted(harness, ["connectionReceived"]);
      expect(repliesIn(harness.output).at(-1)?.code).toBe(500);
    }
  });

  test("server takes nothing for a command that stands behind other octets in its line", () => {
    const octet = fc.integer({ min: 0, max: 255 }).filter((value) => ![9, 10, 13, 32].includes(value));
    const noise = fc.array(octet, { minLength: 1, maxLength: 20 }).map((values) => String.fromCharCode(...values));
    fc.assert(
      fc.property(noise, fc.constantFrom("RSET", "EHLO a", "QUIT", "MAIL FROM:<a@b>"), (octets, command) => {
        const harness = accepting();
        say(harness, `${octets}${command}\r\n`);
        expect(harness.events.map(({ type }) => type).filter((type) => type !== "sessionClosed")).toEqual([
          "connectionReceived",
        ]);
        expect(repliesIn(harness.output).at(-1)?.code).toBeGreaterThanOrEqual(500);
      }),
    );
  });

  test("server that hears random octets asks for nothing, answers errors alone, and is rid of them in the end", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2_000, size: "max" }), chunkings, (octets, sizes) => {
        const harness = accepting();
        const text = Buffer.from(octets).toString("latin1");
        for (const chunk of chunksOf(text, cycle(sizes))) if (!harness.closed) harness.receive(chunk);
        harness.end();
        harness.runOut();
        expectNothingExecuted(harness, ["connectionReceived"]);
        for (const { code } of repliesIn(harness.output).slice(1)) expect(code).toBeGreaterThanOrEqual(421);
      }),
    );
  });

  test("server that is never told a whole line closes when the time for a command is over", () => {
    const harness = accepting();
    say(harness, clientHello.replaceAll(/[\r\n]/g, ""));
    harness.runOut();
    expect(harness.now).toBe(300_000);
    expectNothingExecuted(harness, ["connectionReceived"]);
  });
});
