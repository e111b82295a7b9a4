// OAUTHBEARER (RFC 7628) and XOAUTH2 (Google's and Microsoft's documents), by their examples and side against side.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatOAuthError, parseOAuthError } from "../../../packages/core/src/sasl/oauth-error.ts";
import { encodeBase64 } from "../../../packages/core/src/sasl/base64.ts";
import { encodeUtf8 } from "../../../packages/core/src/grammar/text.ts";
import { clientMechanisms } from "../../../packages/core/src/sasl/mechanisms.ts";
import { anyOf } from "../../support/arbitraries.ts";
import { clientDialogue, converse, serverDialogue, servers, textOf } from "./conversation.ts";

const rfcToken = "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==";
const rfcCredentials = { user: "user@example.com", token: rfcToken, host: "server.example.com", port: 143 };
const rfcMessage =
  "bixhPXVzZXJAZXhhbXBsZS5jb20sAWhvc3Q9c2VydmVyLmV4YW1wbGUuY29tAXBvcnQ9MTQzAWF1dGg9QmVhcmVyIHZGOWRmdDRxbVRjMk52YjNSbGNrQmhiSFJoZG1semRHRXVZMjl0Q2c9PQEB";
const googleToken = "ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg";
const googleMessage =
  "dXNlcj1zb21ldXNlckBleGFtcGxlLmNvbQFhdXRoPUJlYXJlciB5YTI5LnZGOWRmdDRxbVRjMk52YjNSbGNrQmhkSFJoZG1semRHRXVZMjl0Q2cBAQ==";
const house = { tokens: { [rfcToken]: "user@example.com", [googleToken]: "someuser@example.com" } };

describe("OAUTHBEARER", () => {
  test("client writes the message of RFC 7628 §4.1", () => {
    const step = clientDialogue(clientMechanisms.OAUTHBEARER, rfcCredentials)(undefined);
    expect(encodeBase64(encodeUtf8(textOf(step)))).toBe(rfcMessage);
    expect(step).toMatchObject({ done: true });
  });

  test("server reads the message of RFC 7628 §4.1 and asks whether the token is good", () => {
    const step = servers.OAUTHBEARER.start({}).step(Buffer.from(rfcMessage, "base64"));
    expect(step).toEqual({ type: "tokenReceived", mechanism: "OAUTHBEARER", ...rfcCredentials });
    expect(serverDialogue(servers.OAUTHBEARER, house)(Buffer.from(rfcMessage, "base64"))).toEqual({
      type: "verified",
      identity: { mechanism: "OAUTHBEARER", user: "user@example.com" },
    });
  });

  test("server takes a message that names nobody, and calls the client what the token does", () => {
    const exchange = servers.OAUTHBEARER.start({});
    const step = exchange.step(encodeUtf8("y,,\x01auth=bEaReR abc\x01x=y z\x01\x01"));
    expect(step).toEqual({ type: "tokenReceived", mechanism: "OAUTHBEARER", token: "abc" });
    expect(exchange.answered({ type: "tokenChecked", user: "joe" })).toEqual({
      type: "verified",
      identity: { mechanism: "OAUTHBEARER", user: "joe" },
    });
  });

  test.each([
    "",
    "n,,",
    "n,,\x01",
    "n,,\x01\x01",
    "n,,\x01auth=Bearer abc\x01",
    "n,,\x01auth=Bearer abc\x01\x01\x01",
    "n,,auth=Bearer abc\x01\x01",
    "n,,x\x01auth=Bearer abc\x01\x01",
    "n,,\x01auth=Bearer abc\x01x\x01",
    "n,,\x01auth=Bearer abc\x01\x01x",
    "n,,\x01auth=Bearer abc",
    "n,,\x01auth=\x01\x01",
    "n,,\x01auth=Bearer \x01\x01",
    "n,,\x01auth=Bearer a b\x01\x01",
    "n,,\x01auth=Bearer \u00e9\x01\x01",
    "n,,\x01auth=Basic abc\x01\x01",
    "n,,\x01auth=Bearer abc\x01auth=Bearer abd\x01\x01",
    "n,,\x01host=h\x01\x01",
    "n,,\x01=x\x01auth=Bearer abc\x01\x01",
    "n,,\x01x\x01auth=Bearer abc\x01\x01",
    "n,,\x01port=0\x01auth=Bearer abc\x01\x01",
    "n,,\x01port=65536\x01auth=Bearer abc\x01\x01",
    "n,,\x01port=1e3\x01auth=Bearer abc\x01\x01",
    "n,,\x01port=\x01auth=Bearer abc\x01\x01",
    "n,,\x01host=a\0b\x01auth=Bearer abc\x01\x01",
    "n,user@example.com,\x01auth=Bearer abc\x01\x01",
    "p=tls-exporter,,\x01auth=Bearer abc\x01\x01",
    Uint8Array.of(0x6e, 0x2c, 0xff),
  ])("%j is garbled", (message) => {
    expect(serverDialogue(servers.OAUTHBEARER, house)(message)).toEqual({ type: "garbled" });
  });
});

describe("XOAUTH2", () => {
  test("client writes the message of Google's document", () => {
    const credentials = { user: "someuser@example.com", token: googleToken };
    const step = clientDialogue(clientMechanisms.XOAUTH2, credentials)(undefined);
    expect(encodeBase64(encodeUtf8(textOf(step)))).toBe(googleMessage);
  });

  test("client writes the message of Microsoft's document", () => {
    const credentials = { user: "test@contoso.onmicrosoft.com", token: "EwBAAl3BAAUFFpUAo7J3Ve0bjLBWZWCclRC3EoAA" };
    const step = clientDialogue(clientMechanisms.XOAUTH2, credentials)(undefined);
    expect(encodeBase64(encodeUtf8(textOf(step)))).toBe(
      "dXNlcj10ZXN0QGNvbnRvc28ub25taWNyb3NvZnQuY29tAWF1dGg9QmVhcmVyIEV3QkFBbDNCQUFVRkZwVUFvN0ozVmUwYmpMQldaV0NjbFJDM0VvQUEBAQ==",
    );
  });

  test("server reads it, and knows a mailbox that is another's from one's own", () => {
    expect(serverDialogue(servers.XOAUTH2, house)(Buffer.from(googleMessage, "base64"))).toEqual({
      type: "verified",
      identity: { mechanism: "XOAUTH2", user: "someuser@example.com" },
    });
    expect(
      serverDialogue(servers.XOAUTH2, house)(`user=shared@example.com\x01auth=Bearer ${googleToken}\x01\x01`),
    ).toEqual({
      type: "verified",
      identity: { mechanism: "XOAUTH2", user: "someuser@example.com", authorizationIdentity: "shared@example.com" },
    });
  });

  test.each([
    "",
    "user=a",
    "user=a\x01auth=Bearer abc",
    "user=a\x01auth=Bearer abc\x01",
    "user=a\x01auth=Bearer abc\x01\x01\x01",
    "user=a\x01auth=Bearer abc\x01x\x01",
    "user=\x01auth=Bearer abc\x01\x01",
    "user=a\rb\x01auth=Bearer abc\x01\x01",
    "name=a\x01auth=Bearer abc\x01\x01",
    "user=a\x01auth=Bearer \x01\x01",
    "user=a\x01auth=abc\x01\x01",
    "auth=Bearer abc\x01user=a\x01\x01",
    Uint8Array.of(0xff),
  ])("%j is garbled", (message) => {
    expect(serverDialogue(servers.XOAUTH2, house)(message)).toEqual({ type: "garbled" });
  });
});

describe("a token that is refused", () => {
  test.each([
    ["OAUTHBEARER", "invalid_token", "\x01"],
    ["XOAUTH2", "401", ""],
  ] as const)("is answered over %s with the error, which the client tells and acknowledges", (name, status, dismay) => {
    const outcome = converse({
      server: servers[name],
      client: clientMechanisms[name],
      credentials: { user: "joe", token: "bad" },
      house,
    });
    expect(outcome.server).toEqual({ type: "failed", reason: "credentials", user: "joe" });
    expect(outcome.client).toEqual({ type: "responded", response: encodeUtf8(dismay), done: false, error: { status } });
    expect(outcome.messages.slice(1)).toEqual([`{"status":"${status}"}`, dismay]);
  });

  test("is answered with what the application says of it", () => {
    const exchange = servers.OAUTHBEARER.start({});
    exchange.step(Buffer.from(rfcMessage, "base64"));
    const error = {
      status: "insufficient_scope",
      scope: "example_scope",
      openidConfiguration: "https://example.com/.well-known/openid-configuration",
    };
    const challenge = textOf(exchange.answered({ type: "tokenChecked", user: undefined, error }));
    // The JSON of RFC 7628 §4.2, but for the status.
    expect(JSON.parse(challenge)).toEqual({
      status: "insufficient_scope",
      scope: "example_scope",
      "openid-configuration": "https://example.com/.well-known/openid-configuration",
    });
    expect(exchange.step(Uint8Array.of(1))).toMatchObject({ type: "failed", reason: "credentials" });
  });

  test("is known to a client from Google's error", () => {
    const client = clientDialogue(clientMechanisms.XOAUTH2, { user: "joe", token: "bad" });
    client(undefined);
    expect(client('{"status":"400","schemes":"bearer mac","scope":"https://mail.google.com/"}')).toMatchObject({
      error: { status: "400", schemes: "bearer mac", scope: "https://mail.google.com/" },
    });
  });

  test.each(["", "x", "{}", "[]", "null", '"401"', '{"status":null}', '{"status":"401"', Uint8Array.of(0xff)])(
    "by %j makes the client cancel",
    (challenge) => {
      for (const name of ["OAUTHBEARER", "XOAUTH2"] as const) {
        const client = clientDialogue(clientMechanisms[name], rfcCredentials);
        client(undefined);
        expect(client(challenge)).toEqual({ type: "failed", reason: "challenge" });
      }
    },
  );

  test("has an error that is the same once written and read", () => {
    const error = fc.record(
      { status: fc.string(), scope: fc.string(), openidConfiguration: fc.string(), schemes: fc.string() },
      { requiredKeys: ["status"], noNullPrototype: true },
    );
    fc.assert(
      fc.property(error, (given) => {
        expect(parseOAuthError(formatOAuthError(given))).toEqual(given);
      }),
    );
  });

  test("may have its status as a number", () => {
    expect(parseOAuthError(encodeUtf8('{"status":401,"scope":7,"more":{}}'))).toEqual({ status: "401" });
  });
});

describe("client", () => {
  const tokens = fc.array(anyOf("abcXYZ019-._~+/=!\"'<>"), { minLength: 1 }).map((chars) => chars.join(""));
  const users = fc
    .string({ unit: "grapheme", minLength: 1 })
    .filter((text) => Array.from(text).every((char) => char >= " " && char !== "\x7f"));

  test.each(["OAUTHBEARER", "XOAUTH2"] as const)("is understood over %s with any user and token", (name) => {
    fc.assert(
      fc.property(
        users,
        tokens,
        fc.option(fc.integer({ min: 1, max: 65_535 }), { nil: undefined }),
        (user, token, port) => {
          const { server } = converse({
            server: servers[name],
            client: clientMechanisms[name],
            credentials: { user, token, ...(port !== undefined && { host: "mx", port }) },
            house: { tokens: { [token]: user } },
          });
          expect(server).toEqual({ type: "verified", identity: { mechanism: name, user } });
        },
      ),
    );
  });

  test.each([
    { user: "joe", token: "" },
    { user: "joe", token: "a\x01b" },
    { user: "joe", token: "a b" },
    { user: "joe", token: "\u00e9" },
    { user: "joe\x01auth=Bearer x", token: "abc" },
    { user: "joe", token: "abc", host: "h\x01" },
  ])("does not begin with %j", (credentials) => {
    for (const name of ["OAUTHBEARER", "XOAUTH2"] as const) {
      const step = clientDialogue(clientMechanisms[name], credentials)(undefined);
      expect(step).toMatchObject({ type: "failed", reason: "credentials" });
    }
  });
});
