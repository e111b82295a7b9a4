// Passwords: asked for and taken only where nobody can overhear them, and not to be guessed at leisure. And addresses,
// questions and other values as a way to slip in commands, through the whole client.

import { InvalidValueError, LocalProtocolError } from "@carteiro/core";
import { accept, reject, type ServerOptions } from "@carteiro/driver";
import { pair } from "@carteiro/memory";
import { describe, expect, test } from "vitest";
import { codesOf, RawClient } from "../support/raw-peers.ts";
import { latin1 } from "../support/session-harness.ts";

type Options = Omit<ServerOptions, "hostname">;

const hello = "EHLO a.example\r\n";
const base64 = (text: string) => Buffer.from(text).toString("base64");
const plain = `AUTH PLAIN ${base64("\0user\0open sesame")}\r\n`;

/** A server that notes every password it is told. */
function keeping(passwords: string[], more: Options = {}): Options {
  return {
    authentication: {},
    onAuthenticate({ password }) {
      passwords.push(password);
      return password === "open sesame" ? accept() : reject(535, "5.7.8", "No");
    },
    ...more,
  };
}

describe("a server in the clear", () => {
  test("announces no AUTH where it has TLS to offer, refuses it with 538, and does not look at the password", async () => {
    const passwords: string[] = [];
    const client = await RawClient.connect(keeping(passwords), { startTls: true });
    expect(await client.say(hello)).not.toContain("AUTH");
    expect(codesOf(await client.say(`${plain}AUTH LOGIN\r\n`))).toEqual([538, 538]);
    expect(passwords).toEqual([]);
  });

  test("announces no AUTH where it has no TLS either, and refuses it with 502", async () => {
    const passwords: string[] = [];
    const client = await RawClient.connect(keeping(passwords));
    expect(await client.say(hello)).not.toContain("AUTH");
    expect(codesOf(await client.say(`${plain}AUTH LOGIN\r\n`))).toEqual([502, 502]);
    expect(passwords).toEqual([]);
  });

  test("takes what follows a refused AUTH for commands, and for no password", async () => {
    const passwords: string[] = [];
    const client = await RawClient.connect(keeping(passwords), { startTls: true });
    await client.say(hello);
    expect(codesOf(await client.say(`AUTH LOGIN\r\n${base64("user")}\r\n${base64("open sesame")}\r\n`))).toEqual([
      538, 500, 500,
    ]);
    expect(passwords).toEqual([]);
  });

  test("takes no AUTH where it wants no mail in the clear, even if passwords were allowed there", async () => {
    const passwords: string[] = [];
    const options = keeping(passwords, { requireTls: true, authentication: { allowInClear: true } });
    const client = await RawClient.connect(options, { startTls: true });
    expect(await client.say(hello)).not.toContain("AUTH");
    expect(codesOf(await client.say(`${plain}MAIL FROM:<a@b>\r\n`))).toEqual([530, 530]);
    expect(passwords).toEqual([]);
  });

  test("takes a password where that was allowed in as many words", async () => {
    const passwords: string[] = [];
    const client = await RawClient.connect(keeping(passwords, { authentication: { allowInClear: true } }));
    expect(await client.say(hello)).toContain("AUTH PLAIN LOGIN");
    expect(codesOf(await client.say(plain))).toEqual([235]);
    expect(passwords).toEqual(["open sesame"]);
  });
});

describe("a server that knows its users", () => {
  const inClear = { authentication: { allowInClear: true, required: true } };

  test("takes mail from nobody else", async () => {
    const client = await RawClient.connect(keeping([], inClear));
    await client.say(hello);
    expect(codesOf(await client.say("MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n"))).toEqual([530, 503, 503]);
    expect(codesOf(await client.say(`AUTH PLAIN ${base64("\0user\0wrong")}\r\nMAIL FROM:<a@b>\r\n`))).toEqual([
      535, 530,
    ]);
    expect(codesOf(await client.say(`${plain}MAIL FROM:<a@b>\r\n`))).toEqual([235, 250]);
  });

  test("closes on a client that guesses, after a few guesses", async () => {
    const passwords: string[] = [];
    const client = await RawClient.connect(keeping(passwords, inClear));
    const guesses = Array.from({ length: 1_000 }, (_, index) => `AUTH PLAIN ${base64(`\0user\0${index}`)}\r\n`).join(
      "",
    );
    await client.say(hello + guesses);
    expect(client.closed).toBe(true);
    expect(client.codes).toEqual([220, 250, 535, 535, 535, 535, 535, 421]);
    expect(passwords.length).toBe(5);
  });

  test("says the same of a user that it does not know and of a password that is wrong", async () => {
    const client = await RawClient.connect(keeping([], inClear));
    await client.say(hello);
    const wrong = await client.say(`AUTH PLAIN ${base64("\0user\0wrong")}\r\n`);
    expect(await client.say(`AUTH PLAIN ${base64("\0nobody\0wrong")}\r\n`)).toBe(wrong);
  });

  test("lets nobody act for another where that was not allowed", async () => {
    const passwords: string[] = [];
    const client = await RawClient.connect(keeping(passwords, inClear));
    await client.say(hello);
    expect(codesOf(await client.say(`AUTH PLAIN ${base64("admin\0user\0open sesame")}\r\n`))).toEqual([535]);
    expect(passwords).toEqual([]);
  });

  test("authenticates once in a session, and never within a transaction", async () => {
    const client = await RawClient.connect(keeping([], inClear));
    await client.say(hello + plain);
    expect(codesOf(await client.say(`${plain}MAIL FROM:<a@b>\r\n${plain}`))).toEqual([503, 250, 503]);
  });

  test.each([
    `AUTH PLAIN ${base64("\0user\0open sesame\0more")}`,
    `AUTH PLAIN ${base64("user\0open sesame")}`,
    `AUTH PLAIN ${base64("\0\0open sesame")}`,
    `AUTH PLAIN ${base64("\0user\0")}`,
    `AUTH PLAIN ${base64("\0user\0open sesame").slice(0, -1)}`,
    `AUTH PLAIN ${base64("\0user\0open sesame")}!`,
    `AUTH LOGIN ${base64("user\0")}`,
  ])("refuses %j without asking anybody", async (line) => {
    const passwords: string[] = [];
    const client = await RawClient.connect(keeping(passwords, inClear));
    await client.say(hello);
    expect(codesOf(await client.say(`${line}\r\n`))).toEqual([501]);
    expect(passwords).toEqual([]);
  });
});

describe("a client that is handed what would slip in a command", () => {
  const message = { from: "a@b", to: "c@d", content: "x\r\n" };
  const slipped = [
    "a@b>\r\nRCPT TO:<evil@example.org",
    "a@b\r\nDATA",
    "a@b> SIZE=1",
    "<a@b>",
    "a@b\0",
    "a@b\n",
    '"a\r\nRSET\r\n"@b',
    "",
    " a@b",
  ];

  async function joined() {
    let heard = "";
    const { client, server, clock } = await pair(
      { hostname: "mx.example.org" },
      {},
      {
        startTls: false,
        tap: (direction, octets) => void (direction === "toServer" && (heard += latin1(octets))),
      },
    );
    return { client, server, clock, heard: () => heard };
  }

  test.each(slipped)("in an address, %j, refuses it, says nothing of it, and can be used", async (address) => {
    const { client, clock, heard } = await joined();
    const before = heard();
    await expect(clock.settle(client.send({ ...message, to: address }))).rejects.toBeInstanceOf(InvalidValueError);
    await expect(clock.settle(client.send({ ...message, to: ["good@example.org", address] }))).rejects.toBeInstanceOf(
      InvalidValueError,
    );
    if (address !== "")
      await expect(clock.settle(client.send({ ...message, from: address }))).rejects.toBeInstanceOf(InvalidValueError);
    expect(heard()).toBe(before);
    expect((await clock.settle(client.send(message))).recipients).toMatchObject([{ accepted: true }]);
  });

  test.each(["x\r\nRSET", "x\n", "\0", " x", "x SMTPUTF8", "é"])(
    "in a question, %j, refuses it, says nothing of it, and can be used",
    async (argument) => {
      const { client, clock, heard } = await joined();
      const before = heard();
      for (const ask of [
        () => client.help(argument),
        ...(argument === "é" ? [] : [() => client.verify(argument), () => client.expand(argument)]),
      ]) {
        const error = await clock.settle(ask()).catch((reason: unknown) => reason);
        expect(error instanceof InvalidValueError || error instanceof LocalProtocolError).toBe(true);
      }
      expect(heard()).toBe(before);
      expect((await clock.settle(client.send(message))).recipients).toMatchObject([{ accepted: true }]);
    },
  );

  test.each(["a\r\nRSET", "a b", "a>", "", "é", "-a"])(
    "as its own name, %j, refuses it before it connects",
    async (hostname) => {
      await expect(pair({ hostname: "mx.example.org" }, { hostname })).rejects.toBeInstanceOf(InvalidValueError);
    },
  );

  test("in values that no types keep out, as from a request's JSON, refuses them", async () => {
    const { client, clock, heard } = await joined();
    const before = heard();
    const evil = "a@b>\r\nRCPT TO:<evil@example.org";
    const forged = [
      { to: { address: evil, localPart: "a", domain: "b" } },
      { to: [{ recipient: { address: evil, localPart: "a", domain: "b" } }] },
      { from: { address: evil, localPart: "a", domain: "b" } },
      { parameters: [{ keyword: "X\r\nRSET" }] },
      { parameters: [{ keyword: "X", value: "1\r\nRSET" }] },
      { to: [{ recipient: "c@d", parameters: [{ keyword: "X", value: "1 NOTIFY=NEVER" }] }] },
      { content: ["x\r\n"], size: "1\r\nRSET" },
    ];
    for (const values of forged) {
      const outcome = await clock
        .settle(client.send({ ...message, ...values } as never))
        .catch((reason: unknown) => reason);
      expect(outcome, JSON.stringify(values)).toBeInstanceOf(InvalidValueError);
    }
    expect(heard()).toBe(before);
  });
});
