// PLAIN (RFC 4616), LOGIN and CRAM-MD5 (RFC 2195), by their published examples and each side against the other.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { clientMechanisms } from "../../../packages/core/src/sasl/mechanisms.ts";
import { clientDialogue, converse, executor, isWelcome, serverDialogue, servers, textOf } from "./conversation.ts";

const house = { passwords: { tim: "tanstaaftanstaaf" } };
const tim = { user: "tim", password: "tanstaaftanstaaf" };
const texts = fc.string({ unit: "grapheme", minLength: 1 }).filter((text) => !text.includes("\0"));

describe("PLAIN", () => {
  test("is written as in RFC 4616 §4", () => {
    const write = (credentials: typeof tim & { authorizationIdentity?: string }) =>
      clientDialogue(clientMechanisms.PLAIN, credentials)(undefined);
    expect(textOf(write(tim))).toBe("\0tim\0tanstaaftanstaaf");
    expect(textOf(write({ user: "Kurt", password: "xipj3plmq", authorizationIdentity: "Ursel" }))).toBe(
      "Ursel\0Kurt\0xipj3plmq",
    );
  });

  test("is read as in RFC 4616 §4", () => {
    expect(serverDialogue(servers.PLAIN, house)("\0tim\0tanstaaftanstaaf")).toEqual({
      type: "identified",
      credentials: { mechanism: "PLAIN", user: "tim", password: "tanstaaftanstaaf" },
    });
    expect(serverDialogue(servers.PLAIN, house)("Ursel\0Kurt\0xipj3plmq")).toEqual({
      type: "identified",
      credentials: { mechanism: "PLAIN", user: "Kurt", password: "xipj3plmq", authorizationIdentity: "Ursel" },
    });
  });

  test("to act for oneself is to act for nobody else", () => {
    expect(serverDialogue(servers.PLAIN, house)("tim\0tim\0x")).toEqual({
      type: "identified",
      credentials: { mechanism: "PLAIN", user: "tim", password: "x" },
    });
  });

  test.each(["", "\0", "\0\0", "\0tim\0", "\0\0x", "tim\0x", "\0tim\0x\0", Uint8Array.of(0, 0xff, 0, 0x41)])(
    "%j is garbled",
    (message) => {
      expect(serverDialogue(servers.PLAIN, house)(message)).toEqual({ type: "garbled" });
    },
  );

  test.each([
    { user: "a\0b", password: "c" },
    { user: "a", password: "b\0" },
    { user: "a", password: "b", authorizationIdentity: "\0" },
  ])("client does not begin with %j", (credentials) => {
    const step = clientDialogue(clientMechanisms.PLAIN, credentials)(undefined);
    expect(step).toMatchObject({ type: "failed", reason: "credentials" });
  });
});

describe("LOGIN", () => {
  test("asks for the name and for the password", () => {
    const server = serverDialogue(servers.LOGIN, house);
    expect(textOf(server(undefined))).toBe("Username:");
    expect(textOf(server("tim"))).toBe("Password:");
    expect(server("tanstaaftanstaaf")).toEqual({
      type: "identified",
      credentials: { mechanism: "LOGIN", user: "tim", password: "tanstaaftanstaaf" },
    });
  });

  test("takes the name with AUTH, as some clients send it", () => {
    expect(textOf(serverDialogue(servers.LOGIN, house)("tim"))).toBe("Password:");
  });

  test.each(["", "a\0b", Uint8Array.of(0xff)])("%j is garbled, for a name as for a password", (message) => {
    expect(serverDialogue(servers.LOGIN, house)(message)).toEqual({ type: "garbled" });
    const server = serverDialogue(servers.LOGIN, house);
    server("tim");
    expect(server(message)).toEqual({ type: "garbled" });
  });

  test("client answers two prompts, whatever they say, and no third", () => {
    const client = clientDialogue(clientMechanisms.LOGIN, tim);
    expect(client(undefined)).toEqual({ type: "silent" });
    expect(client("Benutzer:")).toMatchObject({ type: "responded", done: false });
    expect(client("")).toMatchObject({ type: "responded", done: true });
    expect(client("Again:")).toEqual({ type: "failed", reason: "challenge" });
  });
});

describe("CRAM-MD5", () => {
  const challenge = "<1896.697170952@postoffice.reston.mci.net>";
  const digest = "b913a602c7eda7a495b4e6e7334d3890";

  test("client answers as in RFC 2195 §2", () => {
    const client = clientDialogue(clientMechanisms["CRAM-MD5"], tim);
    expect(client(undefined)).toEqual({ type: "silent" });
    const answer = client(challenge);
    expect(textOf(answer)).toBe(`tim ${digest}`);
    expect(answer).toMatchObject({ done: true });
  });

  test("client does not sign an empty challenge", () => {
    const client = clientDialogue(clientMechanisms["CRAM-MD5"], tim);
    client(undefined);
    expect(client("")).toEqual({ type: "failed", reason: "challenge" });
  });

  test("server asks something new each time, in its own name", () => {
    const execute = executor();
    const ask = () => textOf(serverDialogue(servers["CRAM-MD5"], house, execute)(undefined));
    expect(ask()).toMatch(/^<[A-Za-z0-9+/]{24}@mx\.example\.org>$/u);
    expect(ask()).not.toBe(ask());
  });

  test("server refuses an initial response, since it speaks first (RFC 4954 §4)", () => {
    expect(serverDialogue(servers["CRAM-MD5"], house)("")).toEqual({ type: "garbled", unasked: true });
  });

  test.each([
    "",
    "tim",
    digest,
    ` ${digest}`,
    `tim ${digest.slice(1)}`,
    `tim ${digest}0`,
    `tim ${digest.toUpperCase()}`,
    `tim ${digest.replace("b", "g")}`,
    `tim\0 ${digest}`,
    Uint8Array.of(0xff, 0x20),
  ])("%j is garbled", (answer) => {
    const server = serverDialogue(servers["CRAM-MD5"], house);
    server(undefined);
    expect(server(answer)).toEqual({ type: "garbled" });
  });

  test("server does the same work for an unknown user, and refuses", () => {
    const talk = (user: string, password = "x".repeat(42)) =>
      converse({
        server: servers["CRAM-MD5"],
        client: clientMechanisms["CRAM-MD5"],
        credentials: { user, password },
        house: { passwords: { tim: "y".repeat(41), nul: "" } },
      });
    expect(talk("bob").server).toEqual({ type: "failed", reason: "credentials", user: "bob" });
    expect(talk("bob").trace.map((line) => line.split(" ")[0])).toEqual(
      talk("tim").trace.map((line) => line.split(" ")[0]),
    );
    expect(talk("nul", "").server).toMatchObject({ type: "failed" });
  });

  test("nobody gets in with the key that stands in for an unknown user's", () => {
    const server = serverDialogue(servers["CRAM-MD5"], {});
    const question = textOf(server(undefined));
    const client = clientDialogue(clientMechanisms["CRAM-MD5"], { user: "bob", password: question });
    client(undefined);
    expect(server(textOf(client(question)))).toMatchObject({ type: "failed", reason: "credentials" });
  });
});

describe("the right password is welcome, and no other", () => {
  test.each(["PLAIN", "LOGIN", "CRAM-MD5"] as const)("%s", (name) => {
    fc.assert(
      fc.property(texts, texts, texts, fc.string(), (user, password, guess, seed) => {
        const welcome = (tried: string) => {
          const rightHouse = { passwords: { [user]: password } };
          const credentials = { user, password: tried };
          const conversation = {
            server: servers[name],
            client: clientMechanisms[name],
            credentials,
            house: rightHouse,
            seed,
          };
          return isWelcome(converse(conversation).server, rightHouse);
        };
        expect(welcome(password)).toBe(true);
        expect(welcome(guess)).toBe(guess === password);
      }),
    );
  });
});
