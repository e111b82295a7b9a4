// The test inbox on a real port, and nodemailer as its client: the recipes of the README, as they stand there.

import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { connect as connectSocket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "@carteiro/node";
import { replay } from "@carteiro/testing";
import { InboxError, recordInto, recordTo, reject, testServer } from "@carteiro/testing/node";
import { createTransport } from "nodemailer";
import { describe, expect, test } from "vitest";

const mail = { from: "ana@example.org", to: "bia@example.net", subject: "Hello", text: "Bom dia, café!" };

describe("nodemailer", () => {
  test("sends to the inbox by its URL", async () => {
    await using inbox = await testServer();
    const transport = createTransport(inbox.url);
    const attachments = [{ filename: "olá.txt", content: "attached" }];
    await transport.sendMail({ ...mail, html: "<p>Bom dia</p>", attachments });
    const message = await inbox.message({ to: "bia@example.net" });
    expect(message).toMatchObject({ subject: "Hello", html: "<p>Bom dia</p>" });
    expect(message.text.trim()).toBe("Bom dia, café!");
    expect(message.attachments).toMatchObject([{ filename: "olá.txt", text: "attached" }]);
  });

  test("logs in, with TLS that it checks", async () => {
    await using inbox = await testServer({ tls: true, users: { ana: "secret" } });
    const { host, port, ca } = inbox;
    const transport = createTransport({
      host,
      port,
      requireTLS: true,
      tls: { ca },
      auth: { user: "ana", pass: "secret" },
    });
    await transport.sendMail(mail);
    expect((await inbox.message()).session).toMatchObject({ tls: true, identity: "ana" });
    const stranger = createTransport({ host, port, tls: { ca }, auth: { user: "ana", pass: "wrong" } });
    await expect(stranger.sendMail(mail)).rejects.toMatchObject({ code: "EAUTH", responseCode: 535 });
  });

  test("speaks TLS from the beginning", async () => {
    await using inbox = await testServer({ implicitTls: true });
    expect(inbox.url).toMatch(/^smtps:/);
    const transport = createTransport({ host: inbox.host, port: inbox.port, secure: true, tls: { ca: inbox.ca } });
    await transport.sendMail(mail);
    expect((await inbox.message()).session.tls).toBe(true);
  });

  test("keeps a pool, whose connections the inbox closes", async () => {
    const inbox = await testServer();
    const transport = createTransport({ host: inbox.host, port: inbox.port, pool: true, maxConnections: 3 });
    await Promise.all(Array.from({ length: 20 }, (_, at) => transport.sendMail({ ...mail, subject: `Number ${at}` })));
    expect(inbox.messages).toHaveLength(20);
    await inbox.close();
    transport.close();
  });
});

describe("a session on a port", () => {
  test("is recorded into a folder and to a file, and replays to the same", async () => {
    const folder = mkdtempSync(join(tmpdir(), "carteiro-recorded-"));
    try {
      await using inbox = await testServer({
        tls: true,
        users: { ana: "secret" },
        witness: recordInto(folder, { name: "in" }),
      });
      const { host, port, ca } = inbox;
      for (const witness of [recordTo(join(folder, "out.jsonl")), undefined]) {
        const auth = { user: "ana", password: "secret" };
        await using client = await connect({ host, port, auth, tls: { ca }, ...(witness && { witness }) });
        await client.send({
          from: "ana@example.org",
          to: "bia@example.net",
          content: `Subject: Hi\r\n\r\n${"é".repeat(9_000)}`,
        });
      }
      expect(readdirSync(folder).toSorted()).toEqual(["in-1.jsonl", "in-2.jsonl", "out.jsonl"]);
      for (const name of readdirSync(folder)) {
        const text = readFileSync(join(folder, name), "utf8");
        expect(text).not.toContain("secret");
        expect(replay(text).diff).toBe("");
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe("an inbox on a port", () => {
  test("takes mail from a client of Carteiro's", async () => {
    await using inbox = await testServer({ tls: true });
    const { host, port, ca } = inbox;
    await using client = await connect({ host, port, startTls: "required", tls: { ca } });
    await client.send({ from: "ana@example.org", to: "bia@example.net", content: "Subject: Hi\r\n\r\n" });
    await inbox.message({ subject: "Hi" });
  });

  test("closes, whoever is connected", async () => {
    const inbox = await testServer({ port: 0, host: "127.0.0.1" });
    const socket = connectSocket(inbox.port, inbox.host).resume();
    await once(socket, "data");
    await inbox.close();
    await once(socket, "close");
  });

  test("refuses by what comes with it, and complains by an error that comes with it", async () => {
    await using inbox = await testServer({ onRecipient: () => reject(452, "4.2.2", "Mailbox full") });
    const sent = createTransport(inbox.url).sendMail({ from: "ana@example.org", to: "bia@example.net", text: "Hi" });
    await expect(sent).rejects.toMatchObject({ responseCode: 452 });
    await expect(inbox.message({}, { within: 1 })).rejects.toThrow(InboxError);
  });

  test("says that a port is taken", async () => {
    await using inbox = await testServer();
    await expect(testServer({ port: inbox.port })).rejects.toMatchObject({ code: "EADDRINUSE" });
  });

  test("survives clients without TLS where TLS comes first", async () => {
    await using inbox = await testServer({ implicitTls: true });
    const socket = connectSocket(inbox.port, inbox.host).on("error", () => undefined);
    socket.end("EHLO plain\r\n");
    await once(socket.resume(), "close");
    await inbox.none({ within: 1 });
  });
});

test("the key of the kit's own certificate is said to be public", () => {
  const source = readFileSync(new URL("../../packages/testing/src/node/certificate.ts", import.meta.url), "utf8");
  expect(source).toContain("Its key is public.");
});
