// `carteiro serve` from outside, as a process: who may send what to whom on its three listeners, and what lies in the
// mailboxes afterwards. How it starts and stops is in serve-life.test.ts.

import { readFileSync } from "node:fs";

import { findCapability } from "@carteiro/core";
import { connect } from "@carteiro/node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { mailboxes, serve, user, type Served } from "../support/carteiro.ts";
import { ask, RawClient } from "../support/raw-client.ts";

const [ana = "", bia = "", jo = ""] = mailboxes;
const content = "Subject: Greetings\r\n\r\nHello!\r\n";
const auth = { user: user.address, password: user.password };

let server: Served;
beforeAll(async () => {
  server = await serve("--max-size", "64K", "--max-recipients", "3");
});
afterAll(() => server[Symbol.asyncDispose]());

const ca = () => readFileSync(server.caFile);
const relay = (startTls: "never" | "required" = "never") =>
  connect({ host: "127.0.0.1", port: server.ports.relay, startTls, tls: { ca: ca() } });
const submission = () => connect({ host: "127.0.0.1", port: server.ports.submission, auth, tls: { ca: ca() } });
const submissions = () =>
  connect({ host: "127.0.0.1", port: server.ports.submissions, implicitTls: true, auth, tls: { ca: ca() } });

/** Sends content from `from` to each of `to`, and gives the code and enhanced code for each. */
async function outcomes(
  opened: ReturnType<typeof connect>,
  to: string[],
  from = "sender@example.net",
): Promise<string[]> {
  await using client = await opened;
  const { recipients } = await client.send({ from, to, content });
  return recipients.map(({ reply }) => `${reply?.code} ${reply?.enhanced}`);
}

describe("the relay listener", () => {
  test("takes mail for local mailboxes only, and is no open relay", async () => {
    const to = [ana, "nobody@example.org", "ana@example.com", "ana@[127.0.0.1]", "ana%example.com@example.net"];
    const refused = ["550 5.1.1", "550 5.7.1", "550 5.7.1", "550 5.7.1"];
    expect(await outcomes(relay(), to)).toEqual(["250 2.6.0", ...refused]);
    expect(server.take(ana)).toHaveLength(1);
  });

  test("offers STARTTLS and no AUTH, and refuses to authenticate", async () => {
    const [hello = "", login] = await ask(server.ports.relay, "EHLO client.example", "AUTH PLAIN AGEAYg==");
    expect(hello.split("\n").map((line) => line.slice(4))).toContain("STARTTLS");
    expect(hello).not.toContain("AUTH");
    expect(login).toMatch(/^502 /);
  });

  test("has a postmaster, with a domain and without", async () => {
    await using client = await RawClient.connect(server.ports.relay);
    await client.reply();
    const lines = ["HELO client.example", "MAIL FROM:<>", "RCPT TO:<postmaster>", "RCPT TO:<PostMaster@example.org>"];
    for (const line of [...lines, "RCPT TO:<postmaster@example.com>", "DATA"]) client.send(`${line}\r\n`);
    const replies = [];
    for (let index = 0; index < 6; index++) replies.push((await client.reply()).slice(0, 3));
    expect(replies).toEqual(["250", "250", "250", "250", "550", "354"]);
    expect(await client.ask(`${content}.`)).toMatch(/^250 /);
    const [message, ...others] = server.take(ana);
    expect(others).toEqual([]);
    expect(message?.returnPath).toBe("Return-Path: <>");
  });

  test("delivers to a mailbox by its sub-addresses, in any case and either form of its domain", async () => {
    const to = ["ANA+tag@Example.ORG", "jo@bücher.example"];
    expect(await outcomes(relay(), to)).toEqual(["250 2.6.0", "250 2.6.0"]);
    expect(server.take(ana)[0]?.received).toContain("for <ANA+tag@example.org>");
    expect(server.take(jo)).toHaveLength(1);
  });
});

describe("the submission listener", () => {
  test("takes nothing in the clear, nor without a password", async () => {
    const [hello, login, mail] = await ask(
      server.ports.submission,
      "EHLO client.example",
      "AUTH PLAIN AGEAYg==",
      "MAIL FROM:<ana@example.org>",
    );
    expect(hello).toContain("STARTTLS");
    expect(hello).not.toContain("AUTH");
    expect(login).toMatch(/^53[08] 5\.7\./);
    expect(mail).toMatch(/^530 5\.7\.0 /);
    const stranger = connect({
      host: "127.0.0.1",
      port: server.ports.submission,
      startTls: "required",
      tls: { ca: ca() },
    });
    expect(await outcomes(stranger, [ana])).toEqual(["530 5.7.0"]);
    expect(server.take(ana)).toEqual([]);
  });

  test("refuses a wrong password, and an address that nobody logs in to", async () => {
    for (const wrong of [
      { user: user.address, password: "guessed" },
      { user: bia, password: "x" },
    ]) {
      const opened = connect({ host: "127.0.0.1", port: server.ports.submission, auth: wrong, tls: { ca: ca() } });
      await expect(opened).rejects.toMatchObject({ failure: { kind: "authRefused", reply: { code: 535 } } });
    }
  });

  test.each([
    ["by STARTTLS", submission],
    ["with TLS from the start", submissions],
  ])("takes mail for local mailboxes from a user %s, and says that it does not relay", async (_, open) => {
    await using client = await open();
    const to = [bia, "nobody@example.org", "friend@example.com"];
    const { recipients } = await client.send({ from: user.address, to, content });
    const replies = recipients.map(({ reply }) => [reply?.code, reply?.enhanced]);
    expect(replies).toEqual([
      [250, "2.6.0"],
      [550, "5.1.1"],
      [550, "5.7.1"],
    ]);
    expect(recipients[2]?.reply?.lines.join(" ")).toContain("not available yet");
    expect(server.take(bia).map((message) => message.content.toString())).toEqual([content]);
  });
});

describe("what lies in the mailbox", () => {
  test.each([
    ["SMTP", () => withHelo()],
    ["ESMTP", () => outcomes(relay(), [ana])],
    ["ESMTPS", () => outcomes(relay("required"), [ana])],
    ["ESMTPSA", () => outcomes(submission(), [ana])],
    ["ESMTPSA", () => outcomes(submissions(), [ana])],
    ["UTF8SMTP", () => outcomes(relay(), [ana], "jürgen@example.net")],
    ["UTF8SMTPSA", () => outcomes(submission(), [ana], "jürgen@example.net")],
  ])("is received with %s", async (protocol, send) => {
    await send();
    const [message] = server.take(ana);
    expect(message?.received).toMatch(
      new RegExp(
        `^Received: from [\\w.-]+ \\(\\[127\\.0\\.0\\.1\\]\\) by example\\.org with ${protocol} (\\(TLSv1\\.3 \\w+\\) )?id \\w+ for <${ana}>; \\w{3}, \\d+ \\w{3} \\d{4} [\\d:]{8} \\+0000$`,
      ),
    );
    expect(message?.content.toString()).toBe(content);
  });

  function withHelo(): Promise<string[]> {
    const lines = ["HELO client.example", "MAIL FROM:<a@example.net>", `RCPT TO:<${ana}>`, "DATA", `${content}.`];
    return ask(server.ports.relay, ...lines);
  }

  test("is one copy a mailbox, which names its recipient where there is one", async () => {
    expect(await outcomes(relay(), ["ana+a@example.org", bia, "ana+b@example.org"])).toEqual(
      Array(3).fill("250 2.6.0"),
    );
    const copies = server.take(ana);
    expect(copies).toHaveLength(1);
    expect(copies[0]?.received).not.toContain(" for ");
    expect(copies[0]?.returnPath).toBe("Return-Path: <sender@example.net>");
    expect(server.take(bia)[0]?.received).toContain(` for <${bia}>`);
  });
});

describe("limits", () => {
  test("a message over --max-size is refused at MAIL, or at its end if the client did not say so", async () => {
    await using client = await relay();
    const large = content + "x".repeat(78).concat("\r\n").repeat(900);
    expect(findCapability(client.capabilities, "SIZE")?.parameters).toEqual(["65536"]);
    const streamed = await client.send({ from: "a@example.net", to: ana, content: [large] });
    expect(streamed.reply).toMatchObject({ code: 552, enhanced: "5.3.4" });
    const [, announced] = await ask(server.ports.relay, "EHLO client.example", "MAIL FROM:<a@example.net> SIZE=65537");
    expect(announced).toMatch(/^552 5\.3\.4 /);
    expect(server.take(ana)).toEqual([]);
  });

  test("more recipients than --max-recipients are asked for in another transaction", async () => {
    const to = [1, 2, 3, 4].map((tag) => `ana+${tag}@example.org`);
    const commands = ["EHLO client.example", "MAIL FROM:<>", ...to.map((address) => `RCPT TO:<${address}>`)];
    expect((await ask(server.ports.relay, ...commands)).at(-1)).toMatch(/^452 4\.5\.3 /);
    // Our own client reads that of LIMITS, and needs no telling.
    expect(await outcomes(relay(), to)).toEqual(Array(4).fill("250 2.6.0"));
    expect(server.take(ana)).toHaveLength(2);
  });

  test("content with bare newlines is refused", async () => {
    await using client = await RawClient.connect(server.ports.relay);
    await client.reply();
    for (const line of ["HELO client.example", "MAIL FROM:<>", `RCPT TO:<${ana}>`, "DATA"]) await client.ask(line);
    expect(await client.ask("Subject: x\n\nbare\n.\nMAIL FROM:<>\r\n.")).toMatch(/^554 5\.6\.0 /);
    expect(server.take(ana)).toEqual([]);
  });
});
