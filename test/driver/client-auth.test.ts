// How a client's API authenticates, against a server that says what a test tells it to.

import { InvalidValueError } from "@carteiro/core";
import { openClient, SmtpError, type Authentication, type ClientOptions, type TokenSource } from "@carteiro/driver";
import { pipe, VirtualClock } from "@carteiro/memory";
import { describe, expect, test } from "vitest";
import { settled } from "../support/fake-transport.ts";
import { WirePeer } from "../support/wire-peer.ts";

const base64 = (text: string) => Buffer.from(text).toString("base64");
const bearer = (token: string) => base64(`n,a=ana@example.org,\x01auth=Bearer ${token}\x01\x01`);
const refusal = base64('{"status":"invalid_token","scope":"mail"}');
const user = "ana@example.org";

/** A client under TLS that has heard that AUTH is offered with these mechanisms. */
async function offered(mechanisms: string, options: ClientOptions) {
  const clock = new VirtualClock();
  const [clientEnd, serverEnd] = pipe({ clock, secure: true });
  const opening = openClient(clientEnd, options, clock);
  opening.catch(() => undefined);
  const server = new WirePeer(serverEnd);
  await server.say("220 mx.example.org");
  await server.line();
  await server.say("250-mx.example.org", `250 AUTH ${mechanisms}`);
  return { clock, server, opening };
}

async function failure(promise: Promise<unknown>): Promise<SmtpError> {
  const error: unknown = await promise.catch((reason: unknown) => reason);
  if (error instanceof SmtpError) return error;
  throw new Error(`Not an SmtpError: ${String(error)}`);
}

describe("what a client authenticates with", () => {
  const cases: readonly (readonly [what: string, auth: Authentication, offer: string, command: string])[] = [
    ["a password", { user: "ana", password: "secret" }, "PLAIN", `AUTH PLAIN ${base64("\0ana\0secret")}`],
    [
      "a password on behalf of another",
      { user: "ana", password: "secret", onBehalfOf: "bob" },
      "LOGIN PLAIN",
      `AUTH PLAIN ${base64("bob\0ana\0secret")}`,
    ],
    ["a token", { user, token: "t0ken" }, "OAUTHBEARER PLAIN", `AUTH OAUTHBEARER ${bearer("t0ken")}`],
    ["a token that is fetched", { user, token: () => "t0ken" }, "OAUTHBEARER", `AUTH OAUTHBEARER ${bearer("t0ken")}`],
    [
      "a token that names the server",
      { user, token: () => Promise.resolve("t0ken"), host: "mx.example.org", port: 465 },
      "OAUTHBEARER",
      `AUTH OAUTHBEARER ${base64(`n,a=${user},\x01host=mx.example.org\x01port=465\x01auth=Bearer t0ken\x01\x01`)}`,
    ],
    ["its certificate", { external: true }, "PLAIN EXTERNAL", "AUTH EXTERNAL ="],
    [
      "its certificate on behalf of another",
      { external: true, onBehalfOf: "bob" },
      "EXTERNAL",
      `AUTH EXTERNAL ${base64("bob")}`,
    ],
    ["nothing", { anonymous: "ana@example.org" }, "ANONYMOUS", `AUTH ANONYMOUS ${base64("ana@example.org")}`],
  ];

  test.each(cases)("client authenticates with %s", async (_, auth, offer, command) => {
    const { server, opening } = await offered(offer, { auth });
    expect(await server.line()).toBe(command);
    await server.say("235 2.7.0 Welcome");
    expect((await opening).usable).toBe(true);
  });

  test("client uses the mechanisms alone that are named", async () => {
    const auth = { user: "ana", password: "secret" };
    const { server } = await offered("SCRAM-SHA-256 PLAIN", { auth, mechanisms: ["PLAIN"] });
    expect(await server.line()).toMatch(/^AUTH PLAIN /);
  });

  test("client cancels what WebCrypto cannot compute, and takes another's word for it", async () => {
    const auth = { user: "ana", password: "secret" };
    const mechanisms = ["CRAM-MD5"] as const;
    const { server, opening } = await offered("CRAM-MD5", { auth, mechanisms });
    expect(await server.line()).toBe("AUTH CRAM-MD5");
    await server.say(`334 ${base64("<1@mx>")}`);
    expect(await server.line()).toBe("*");
    await server.say("501 Cancelled");
    await server.line();
    expect((await failure(opening)).failure.kind).toBe("authUnavailable");
    const compute = () => Promise.resolve(Uint8Array.of(0xab, 0xcd));
    const other = await offered("CRAM-MD5", { auth, mechanisms, compute });
    await other.server.line();
    await other.server.say(`334 ${base64("<1@mx>")}`);
    expect(await other.server.line()).toBe(base64("ana abcd"));
  });

  test("client refuses what nobody can authenticate with, before it says a word", async () => {
    const bad: readonly (readonly [object, string])[] = [
      [{ user: "ana" }, "auth: give it a password"],
      [{ user: "ana", password: undefined }, "Password: "],
      [{ user: "ana", password: "a\0b" }, "Password: "],
      [{ user: "ana", token: "two words" }, "Token: "],
    ];
    for (const [auth, message] of [...bad, [null, "auth: give it a password"], ["ana", "auth: give it"]] as const) {
      const clock = new VirtualClock();
      const [clientEnd, serverEnd] = pipe({ clock });
      const opening = openClient(clientEnd, { auth: auth as Authentication });
      await expect(opening).rejects.toThrow(TypeError);
      expect(await clock.settle(new WirePeer(serverEnd).rest())).toBe("");
      await expect(opening).rejects.toThrow(message);
    }
  });
});

describe("tokens on demand", () => {
  test("client gets another where the first was refused, and tells the source why", async () => {
    const asked: unknown[] = [];
    const token: TokenSource = (refused) => {
      asked.push(refused);
      return Promise.resolve(`token${asked.length}`);
    };
    const { server, opening } = await offered("OAUTHBEARER", { auth: { user, token } });
    expect(await server.line()).toBe(`AUTH OAUTHBEARER ${bearer("token1")}`);
    await server.say(`334 ${refusal}`);
    expect(await server.line()).toBe("AQ==");
    await server.say("535 5.7.8 Expired");
    expect(await server.line()).toBe(`AUTH OAUTHBEARER ${bearer("token2")}`);
    await server.say("235 OK");
    expect((await opening).usable).toBe(true);
    expect(asked).toEqual([undefined, { status: "invalid_token", scope: "mail" }]);
  });

  test("client tells the source the reply's code where there are no reasons", async () => {
    const asked: unknown[] = [];
    const { server } = await offered("XOAUTH2", { auth: { user, token: (refused) => `t${asked.push(refused)}` } });
    await server.line();
    await server.say("535 5.7.3 No");
    await server.line();
    expect(asked).toEqual([undefined, { status: "535" }]);
  });

  test("client that is refused twice rejects with the server's reasons", async () => {
    const { server, opening } = await offered("OAUTHBEARER", { auth: { user, token: () => "stale" } });
    for (let attempt = 0; attempt < 2; attempt += 1) {
      await server.line();
      await server.say(`334 ${refusal}`);
      await server.line();
      await server.say("535 5.7.8 Expired");
    }
    expect(await server.line()).toBe("QUIT");
    const error = await failure(opening);
    expect(error.failure).toMatchObject({ kind: "authRefused", reply: { code: 535 } });
    expect(error.failure.oauthError).toEqual({ status: "invalid_token", scope: "mail" });
    expect(error.message).toMatch(/^The server refused the credentials \(invalid_token\) in opening\./);
  });

  test.each([
    ["throws", () => Promise.reject(new RangeError("no network")), RangeError],
    [
      "throws at once",
      () => {
        throw new RangeError("no network");
      },
      RangeError,
    ],
    ["brings what is no token", () => "two words", InvalidValueError],
    ["brings nothing", () => undefined as unknown as string, InvalidValueError],
  ] satisfies readonly (readonly [string, TokenSource, unknown])[])(
    "client rejects with the source's error where that %s, and leaves",
    async (_, token, kind) => {
      const { server, opening, clock } = await offered("OAUTHBEARER", { auth: { user, token } });
      await expect(opening).rejects.toBeInstanceOf(kind);
      expect(await clock.settle(server.rest())).toBe("");
    },
  );

  test("client does not wait for a source where the server has gone", async () => {
    const { promise, resolve } = Promise.withResolvers<string>();
    const { server, opening } = await offered("OAUTHBEARER", { auth: { user, token: () => promise } });
    await server.say("421 4.4.2 Too slow");
    expect((await failure(opening)).failure.kind).toBe("serviceClosing");
    resolve("late");
    await settled();
  });

  test("client asks no source where the server takes no token", async () => {
    let asked = 0;
    const { server, opening } = await offered("GSSAPI", { auth: { user, token: () => `t${(asked += 1)}` } });
    expect(await server.line()).toBe("QUIT");
    expect((await failure(opening)).failure.kind).toBe("authUnavailable");
    expect(asked).toBe(0);
  });
});

describe("servers that are not what they seem", () => {
  test("client does not open a session with a server that has proven nothing", async () => {
    const { server, opening } = await offered("SCRAM-SHA-256", { auth: { user: "ana", password: "secret" } });
    expect(await server.line()).toMatch(/^AUTH SCRAM-SHA-256 /);
    await server.say("235 Welcome");
    expect(await server.line()).toBe("QUIT");
    const error = await failure(opening);
    expect(error.failure.kind).toBe("authUntrusted");
    expect(error.message).toContain("The server did not prove that it knows the password");
  });
});

test.each(["Required", "require", true, null])("client begins no session with startTls %j", async (given) => {
  const clock = new VirtualClock();
  const [clientEnd, serverEnd] = pipe({ clock });
  const opening = openClient(clientEnd, { startTls: given as "required" }, clock);
  await expect(opening).rejects.toThrow(/^startTls .*Pass required or opportunistic or never\.$/);
  expect(await clock.settle(new WirePeer(serverEnd).rest())).toBe("");
});
