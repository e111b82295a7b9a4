// Scripted servers and clients on real ports, and the examples of the README: nodemailer and Carteiro's client against a server
// that is odd, a client that is hasty against a server of one's own.

import { connect, createServer } from "@carteiro/node";
import { dialogue, expected, inTurn, scriptedClient, scriptedServer, testServer } from "@carteiro/testing/node";
import { createTransport } from "nodemailer";
import { describe, expect, test } from "vitest";

const mail = { from: "ana@example.org", to: "bia@example.net" };

const greylisting = dialogue`
  S: 220 mx.example.net ESMTP
  C: EHLO *
  S: 250-mx.example.net
  S: 250 ENHANCEDSTATUSCODES
  C: MAIL FROM:<{from}>
  S: 250 2.1.0 OK
  C: RCPT TO:<{to}>
  S: 450-4.2.0 {from} is new here\r\n450-
  S: 450 4.2.0 Come back in 300 seconds
`;

const taking = dialogue`
  … opened
  C: MAIL FROM:<*>
  S: 250 2.1.0 OK
  C: RCPT TO:<*>
  S: 250 2.1.5 OK
  C: DATA
  S: 354 Go on
  ${expected.content((text) => text.includes("Bom dia"))}
  S: 250 2.6.0 Queued
`;

describe("a server that greylists in an odd way", () => {
  test("has nodemailer come back", async () => {
    await using server = await scriptedServer(inTurn(greylisting, taking), { mode: "tolerant" });
    const { host, port } = server;
    const transport = createTransport({ host, port });
    const message = { ...mail, subject: "Hello", text: "Bom dia" };
    await expect(transport.sendMail(message)).rejects.toMatchObject({ responseCode: 450 });
    await transport.sendMail(message);
    const { captures } = await server.done;
    expect(captures).toMatchObject({ from: "ana@example.org", to: "bia@example.net" });
  });

  test("has Carteiro's client come back", async () => {
    await using server = await scriptedServer(inTurn(greylisting, taking), { mode: "tolerant" });
    const { host, port } = server;
    const message = { ...mail, content: "Subject: Hello\r\n\r\nBom dia\r\n" };
    const first = await connect({ host, port });
    expect(await first.send(message)).toMatchObject({ recipients: [{ accepted: false, reply: { code: 450 } }] });
    await first.quit();
    const second = await connect({ host, port });
    expect(await second.send(message)).toMatchObject({ recipients: [{ accepted: true }] });
    await second.quit();
    await server.done;
  });
});

describe("TLS on a port", () => {
  test("begins where the script has it, by the kit's own certificate", async () => {
    await using server = await scriptedServer(dialogue`
      … opened, offering STARTTLS
      C: STARTTLS
      S: 220 Go on
      C: (TLS)
      C: EHLO {name}
      S: 250 mx.example.com
      C: QUIT
      S: 221 Bye
    `);
    const { host, port, ca } = server;
    const client = await connect({ host, port, hostname: "a.example", startTls: "required", tls: { ca } });
    await client.quit();
    expect((await server.done).captures).toEqual({ name: "a.example" });
  });

  test("comes first where it is to be", async () => {
    await using server = await scriptedServer("… opened\nC: QUIT\nS: 221 Bye", { implicitTls: true });
    const { host, port, ca } = server;
    expect(server.url).toMatch(/^smtps:/);
    const client = await connect({ host, port, implicitTls: true, tls: { ca } });
    await client.quit();
    await server.done;
    const failing = await scriptedServer("… opened\nC: QUIT", { implicitTls: true });
    await expect(connect({ host: failing.host, port: failing.port, implicitTls: true })).rejects.toThrow();
    await expect(failing.done).rejects.toThrow("The TLS handshake failed");
    await failing.close();
  });

  test("is begun by scripted clients, too", async () => {
    await using inbox = await testServer({ tls: true });
    const { port } = inbox;
    const upgrading = await scriptedClient(
      "S: 220 *\nC: EHLO me\nS: **\nC: STARTTLS\nS: 220 *\nC: (TLS)\nC: EHLO me\nS: {offers**}\nC: QUIT\nS: 221 *\nS: (closes)",
      { port },
    );
    expect((await upgrading.done).captures.offers).not.toContain("STARTTLS");
    await using secure = await testServer({ implicitTls: true });
    const client = await scriptedClient("S: 220 *\nC: QUIT\nS: 221 *", { port: secure.port, implicitTls: true });
    await client.done;
  });
});

describe("a client that pipelines too early", () => {
  test("is told so by a server of ours, and by scripts that want it", async () => {
    await using server = createServer({ hostname: "mx.example.com", greetPause: 2_000 });
    const { port } = await server.listen({ port: 0, host: "127.0.0.1" });
    await using client = await scriptedClient(
      dialogue`
        C: EHLO early.example
        C: MAIL FROM:<ana@example.org>
        S: 554 {reason}
        S: (closes)
      `,
      { port },
    );
    expect((await client.done).captures).toEqual({ reason: expect.stringContaining("speaks first") });
  });

  test("may be reset, which shows as a broken connection", async () => {
    await using server = await scriptedServer("S: 220 mx\nC: EHLO *\nS: (breaks)");
    await using client = await scriptedClient("S: 220 mx\nC: EHLO me\nS: (breaks)", { port: server.port });
    await Promise.all([server.done, client.done]);
  });
});

test("a port where nobody listens is told by the client, a port that is taken by the server", async () => {
  const server = await scriptedServer("S: 220 mx");
  await expect(scriptedServer("S: 220 mx", { port: server.port })).rejects.toMatchObject({ code: "EADDRINUSE" });
  await server.close();
  await expect(scriptedClient("S: 220 mx", { port: server.port })).rejects.toMatchObject({ code: "ECONNREFUSED" });
});
