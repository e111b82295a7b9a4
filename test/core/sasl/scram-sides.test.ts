// SCRAM on one side at a time: what a client believes, what a server asks, and the keys that it keeps.

import { describe, expect, test } from "vitest";
import { clientMechanisms } from "../../../packages/core/src/sasl/mechanisms.ts";
import { defaultIterationBounds } from "../../../packages/core/src/sasl/scram-client.ts";
import { deriveScramKeys } from "../../../packages/core/src/sasl/scram-keys.ts";
import {
  clientDialogue,
  converse,
  executor,
  fewIterations,
  iterations,
  keysOf,
  octets,
  octetsOfNonce,
  nonceIn,
  servers,
  settleServer,
  textOf,
} from "./conversation.ts";

const pencil = { user: "user", password: "pencil" };

describe("client", () => {
  const begun = (connection = {}, credentials: typeof pencil & { authorizationIdentity?: string } = pencil) => {
    const execute = executor("", octetsOfNonce("abcdef"));
    const client = clientDialogue(clientMechanisms["SCRAM-SHA-256"], credentials, execute, connection);
    return { client, first: client(undefined) };
  };

  test.each([
    [4_095, "failed"],
    [4_096, "responded"],
    [defaultIterationBounds.maximum + 1, "failed"],
  ])("asked for %d iterations has %s", (count, type) => {
    expect(begun().client(`r=abcdefX,s=QSXC,i=${count}`)).toMatchObject({ type });
  });

  test("takes other bounds on the iterations", () => {
    expect(begun({ iterations: fewIterations }).client("r=abcdefX,s=QSXC,i=1")).toMatchObject({ type: "responded" });
    const few = begun({ iterations: { minimum: 1, maximum: 5_000 } });
    expect(few.client("r=abcdefX,s=QSXC,i=5001")).toMatchObject({ type: "failed", reason: "iterations" });
  });

  test.each(["r=abcdef", "r=abcdeg1", "r=Xabcdef", "r=x"])("refuses %s, which is not made from its nonce", (nonce) => {
    expect(begun().client(`${nonce},s=QSXC,i=4096`)).toEqual({ type: "failed", reason: "nonce" });
  });

  test("believes no success without the server's signature", () => {
    const { client, first } = begun();
    expect(first).toMatchObject({ done: false });
    expect(client("r=abcdefX,s=QSXC,i=4096")).toMatchObject({ done: false });
    const wrong = Buffer.alloc(32).toString("base64");
    expect(client(`v=${wrong}`)).toEqual({ type: "failed", reason: "serverSignature" });
    expect(client("")).toEqual({ type: "failed", reason: "challenge" });
  });

  test("tells the error that a server ends with", () => {
    const { client } = begun();
    client("r=abcdefX,s=QSXC,i=4096");
    expect(client("e=invalid-proof,x=1")).toEqual({ type: "failed", reason: "refused", detail: "invalid-proof" });
  });

  test("writes commas and equals signs in names by their code", () => {
    const { first } = begun({}, { user: "a,b=c", password: "p", authorizationIdentity: "=," });
    expect(textOf(first)).toBe("n,a==3D=2C,n=a=2Cb=3Dc,r=abcdef");
  });

  test.each([
    { user: "", password: "p" },
    { user: "u", password: "" },
    { user: "u\0", password: "p" },
    { user: "u", password: "\x07" },
    { user: "u", password: "\u00ad" },
    { user: "u", password: "p", authorizationIdentity: "a\0" },
  ])("does not begin with %j", (credentials) => {
    expect(begun({}, credentials).first).toMatchObject({ type: "failed", reason: "credentials" });
  });

  test("gives up where the driver cannot compute", () => {
    const exchange = clientMechanisms["SCRAM-SHA-512"].start(pencil, {});
    expect(exchange.begin().type).toBe("computing");
    expect(exchange.computed(undefined)).toEqual({ type: "failed", reason: "unavailable" });
    expect(exchange.respond(new Uint8Array(0))).toMatchObject({ type: "failed" });
  });
});

describe("server", () => {
  test("fails for now where the driver cannot compute", () => {
    const exchange = servers["SCRAM-SHA-512"].start({});
    expect(exchange.step(Buffer.from("n,,n=user,r=abc")).type).toBe("computing");
    expect(exchange.computed(undefined)).toEqual({ type: "failed", reason: "unavailable" });
    expect(exchange.step(new Uint8Array(0))).toEqual({ type: "garbled" });
  });

  test("asks for the keys of the prepared name, and says for whom the client wants to act", () => {
    const exchange = servers["SCRAM-SHA-1"].start({});
    const execute = executor();
    let step = exchange.step(Buffer.from("n,a=boss,n=I\u00adX=2C\u2168,r=abc"));
    while (step.type === "computing") step = exchange.computed(execute(step.operation));
    expect(step).toEqual({
      type: "keysWanted",
      mechanism: "SCRAM-SHA-1",
      hash: "SHA-1",
      user: "IX,IX",
      authorizationIdentity: "boss",
    });
  });

  test("does not take anything after its signature but an empty response", () => {
    const outcome = converse({
      server: servers["SCRAM-SHA-1"],
      client: clientMechanisms["SCRAM-SHA-1"],
      credentials: pencil,
      house: { passwords: { user: "pencil" } },
      tamper: (message, number) => (number === 4 ? Uint8Array.of(65) : message),
    });
    expect(outcome.server).toEqual({ type: "garbled" });
  });

  test("refuses keys of the wrong length", () => {
    const keys = { ...keysOf({ hash: "SHA-256", password: "pencil" }), storedKey: new Uint8Array(0) };
    const execute = executor();
    const exchange = servers["SCRAM-SHA-256"].start({});
    let step = exchange.step(Buffer.from("n,,n=user,r=abc"));
    while (step.type === "computing") step = exchange.computed(execute(step.operation));
    const first = textOf(exchange.answered({ type: "keysFound", keys }));
    const final = `c=biws,r=${nonceIn(first)},p=${Buffer.alloc(32).toString("base64")}`;
    const end = settleServer(exchange, exchange.step(Buffer.from(final)), { house: {}, execute });
    expect(end).toMatchObject({ type: "failed", reason: "credentials" });
  });
});

describe("keys", () => {
  test("are of the password of RFC 5802 §5 what other libraries make of it", () => {
    const salt = octets(Buffer.from("QSXCR+Q6sek8bf92", "base64"));
    const keys = keysOf({ hash: "SHA-1", password: "pencil", salt, iterations: 4096 });
    expect(Buffer.from(keys.storedKey).toString("hex")).toBe("e9d94660c39d65c38fbad91c358f14da0eef2bd6");
    expect(Buffer.from(keys.serverKey).toString("hex")).toBe("0fe09258b3ac852ba502cc62ba903eaacdbf7d31");
  });

  test("have a salt of their own each time, unless one is given", () => {
    const execute = executor();
    const first = keysOf({ hash: "SHA-256", password: "pencil", iterations }, execute);
    const second = keysOf({ hash: "SHA-256", password: "pencil", iterations }, execute);
    expect(first.salt).toHaveLength(16);
    expect(second.salt).not.toEqual(first.salt);
    expect(keysOf({ hash: "SHA-256", password: "pencil", iterations, salt: first.salt })).toEqual(first);
  });

  test.each(["", "\x07", "\u00ad"])("are not made of %j", (password) => {
    expect(deriveScramKeys({ hash: "SHA-256", password }).next()).toEqual({ done: true, value: undefined });
  });
});
