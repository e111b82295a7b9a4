// Faults on a real port: what nodemailer makes of them, the examples of the README as they stand there, and what a socket shows.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { reject } from "@carteiro/driver";
import { connect } from "@carteiro/node";
import { command, contentEnd, delay, on, recipient, reply, reset } from "@carteiro/testing";
import { testServer } from "@carteiro/testing/node";
import { createTransport } from "nodemailer";
import { describe, expect, test } from "vitest";

const mail = { from: "ana@example.org", to: ["bia@example.net", "cy@example.net"], subject: "Hello", text: "Bom dia!" };

describe("nodemailer", () => {
  test("is told of one recipient that is refused, and the message goes to the other", async () => {
    await using inbox = await testServer({ faults: "RCPT#2: reply 451 4.3.0 Try later" });
    const info = await createTransport(inbox.url).sendMail(mail);
    expect(info.rejected).toEqual(["cy@example.net"]);
    expect(info.rejectedErrors?.[0]).toMatchObject({ responseCode: 451 });
    const { envelope } = await inbox.message();
    expect(envelope.to).toEqual(["bia@example.net"]);
  });

  test("succeeds at the second attempt where the first was broken", async () => {
    await using inbox = await testServer();
    const faults = inbox.faults([on(contentEnd({ connection: 1 }), reset())]);
    const transport = createTransport(inbox.url);
    await expect(transport.sendMail(mail)).rejects.toMatchObject({ code: "ESOCKET" });
    await transport.sendMail(mail);
    // The first was taken, too, and nobody was told: that is how mail comes twice.
    expect(inbox.messages).toHaveLength(2);
    expect(faults.fired).toEqual([{ connection: 1, rule: "content-end connection 1: reset" }]);
  });

  test("gives up on a server that never greets", async () => {
    await using inbox = await testServer({ faults: "greeting: stall" });
    const transport = createTransport({ host: inbox.host, port: inbox.port, greetingTimeout: 50 });
    await expect(transport.sendMail(mail)).rejects.toMatchObject({ code: "ETIMEDOUT" });
  });

  test.each([
    ["MAIL: reply 452 4.3.1 Disk full", { responseCode: 452 }],
    ["DATA: reply 451", { responseCode: 451 }],
    ["content-end: reply 554 5.7.1 Spam", { responseCode: 554 }],
    ["content+10: reply 552 5.3.4 Too big", { responseCode: 552 }],
    ["greeting: disconnect421", { responseCode: 421 }],
    ["MAIL: garbage", { code: "EENVELOPE" }],
    ["RCPT: drop 2", { code: "ECONNECTION" }],
  ])("under %s fails, and nothing is delivered", async (rule, error) => {
    await using inbox = await testServer({ faults: rule });
    await expect(createTransport(inbox.url).sendMail(mail)).rejects.toMatchObject(error);
    await inbox.none({ within: 10 });
  });

  test("meets a TLS handshake that fails", async () => {
    await using inbox = await testServer({ tls: true, faults: "tls: tls-failure" });
    const { host, port, ca } = inbox;
    const transport = createTransport({ host, port, requireTLS: true, tls: { ca } });
    await expect(transport.sendMail(mail)).rejects.toThrow(/SSL|TLS/);
  });

  test("meets faults under TLS", async () => {
    await using inbox = await testServer({
      implicitTls: true,
      faults: [on(recipient("cy@example.net"), delay(5), reply(550))],
    });
    const { host, port, ca } = inbox;
    const info = await createTransport({ host, port, secure: true, tls: { ca } }).sendMail(mail);
    expect(info.rejected).toEqual(["cy@example.net"]);
  });
});

test("the examples of the README do what they say", async () => {
  const readme = readFileSync(join(import.meta.dirname, "../../packages/testing/README.md"), "utf8");
  const section = readme.split("## Break it on purpose")[1]?.split("\n## ")[0] ?? "";
  const codes = [...section.matchAll(/```(?:js|ts)\n(.*?)```/gs)].map(([, code = ""]) => code);
  // Inside this package, so that the examples find the packages by name.
  const folder = mkdtempSync(join(import.meta.dirname, "examples-"));
  try {
    const delivered: number[] = [];
    for (const [index, code] of codes.entries()) {
      const file = join(folder, `example-${index}.ts`);
      writeFileSync(file, `${code}\nexport const delivered = inbox.messages.length;\n`);
      delivered.push(((await import(file)) as { readonly delivered: number }).delivered);
    }
    expect(delivered).toEqual([2, 1]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

describe("a socket", () => {
  test.each([false, true])("is reset, with TLS %j", async (tls) => {
    await using inbox = await testServer({ tls, faults: [on(command("MAIL"), reset())] });
    const client = await connect({
      host: inbox.host,
      port: inbox.port,
      startTls: tls ? "required" : "never",
      tls: { ca: inbox.ca },
    });
    const sending = client.send({ ...mail, content: "Subject: Hello\r\n\r\nHello\r\n" });
    await expect(sending).rejects.toMatchObject({ failure: { kind: "disconnected" }, cause: { code: "ECONNRESET" } });
  });

  test("hears the last words before it is closed, though more was on its way", async () => {
    await using inbox = await testServer({ faults: "MAIL: disconnect421", onRecipient: () => reject(550) });
    const client = await connect({ host: inbox.host, port: inbox.port, startTls: "never" });
    const recipients = Array.from({ length: 500 }, (_, index) => `user-${index}@example.net`);
    const sending = client.send({
      from: "ana@example.org",
      to: recipients,
      content: "Subject: Hello\r\n\r\nHello\r\n",
    });
    await expect(sending).rejects.toMatchObject({ failure: { kind: "serviceClosing" } });
  });

  test("is half closed: the server still listens", async () => {
    await using inbox = await testServer({ faults: "content-end: half-close" });
    const client = await connect({ host: inbox.host, port: inbox.port, startTls: "never" });
    const sending = client.send({ ...mail, content: "Subject: Hello\r\n\r\nHello\r\n" });
    await expect(sending).rejects.toMatchObject({ uncertain: true });
    await inbox.message();
  });
});
