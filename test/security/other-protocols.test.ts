// What is no SMTP on an SMTP port, over real sockets: a program that was made to POST commands, a TLS client that takes
// the port for another. What a session makes of such octets is in cross-protocol.test.ts.

import { request } from "node:http";
import { connect as connectTls } from "node:tls";
import { createServer } from "@carteiro/node";
import { afterEach, describe, expect, test } from "vitest";

const commands =
  "EHLO evil\r\nMAIL FROM:<evil@example.org>\r\nRCPT TO:<victim@example.org>\r\nDATA\r\nSubject: evil\r\n\r\nevil\r\n.\r\nQUIT\r\n";

const asked: string[] = [];
const note = (what: string) => () => void asked.push(what);
const server = createServer({
  hostname: "localhost",
  onHello: note("hello"),
  onMail: note("mail"),
  onRecipient: note("recipient"),
  onMessage: note("message"),
});
const { port } = await server.listen({ host: "127.0.0.1" });

afterEach(async () => {
  await server.destroy();
});

describe("a server that is spoken to in another protocol", () => {
  test("takes no mail from an HTTP client, whatever its method, and none from a TLS client", async () => {
    for (const method of ["POST", "PUT", "GET", "OPTIONS", "DELETE"]) {
      const outcome = await new Promise((resolve) => {
        const outgoing = request({ host: "127.0.0.1", port, method, path: "/", agent: false }, resolve);
        outgoing.on("error", resolve);
        outgoing.end(commands);
      });
      expect(outcome, method).toBeInstanceOf(Error);
    }
    const outcome = await new Promise((resolve) => {
      const socket = connectTls({ host: "127.0.0.1", port, rejectUnauthorized: false }, () => resolve("secured"));
      socket.on("error", resolve);
      socket.write(commands);
    });
    expect(outcome).toBeInstanceOf(Error);
    expect(asked).toEqual([]);
  });
});
