// A client session in a SASL exchange: what it needs computed and when, what it makes of an application's own mechanism,
// and the credentials and mechanisms that it refuses.

import {
  clientProfile,
  InvalidValueError,
  LocalProtocolError,
  type ClientCredentials,
  type ClientIntent,
  type ClientMechanism,
  type CryptoOperation,
} from "@carteiro/core";
import { describe, expect, test } from "vitest";
import { executor } from "../../support/crypto.ts";
import { ScriptedExchange } from "../../support/scripted-exchange.ts";
import { octetsOf, SessionHarness } from "../../support/session-harness.ts";
import { hear, inState, newSession, stateOf, type ClientHarness, type Options } from "./states.ts";

const password = { user: "user", password: "secret" };
const base64 = (text: string) => Buffer.from(text).toString("base64");
const linesOf = (harness: ClientHarness) => harness.output.split("\r\n").slice(0, -1);

/** A session under TLS to which AUTH is offered. */
function offered(
  mechanisms: string,
  options: Options,
  compute?: ((operation: CryptoOperation) => Uint8Array | undefined) | "never",
): ClientHarness {
  const session = newSession({ tls: "never", allowAuthInClear: true, ...options });
  const harness: ClientHarness = new SessionHarness(session, {
    readsOn: true,
    ...(compute !== undefined && { compute }),
  });
  hear(harness, "220 mx.example.com");
  hear(harness, `250-mx.example.com\r\n250 AUTH ${mechanisms}`);
  return harness;
}

function failureOf(harness: ClientHarness) {
  hear(harness, "221 Bye");
  const event = harness.events.at(-1);
  return event?.type === "sessionClosed" ? event.failure : undefined;
}

describe("what a session needs computed", () => {
  const usual = executor();
  const without = (type: CryptoOperation["type"]) => (operation: CryptoOperation) =>
    operation.type === type ? undefined : usual(operation);

  test("client says no AUTH before the randomness for it has come", () => {
    const harness = offered("SCRAM-SHA-256", { credentials: password }, "never");
    expect([stateOf(harness), linesOf(harness), harness.idle.wants]).toEqual([
      "opening.computing",
      ["EHLO client.example.org"],
      "intent",
    ]);
  });

  test("client takes the next mechanism where there is no randomness, and leaves where there is none", () => {
    const next = offered("SCRAM-SHA-256 PLAIN", { credentials: password }, without("random"));
    expect(linesOf(next).at(-1)).toBe(`AUTH PLAIN ${base64("\0user\0secret")}`);
    const none = offered("SCRAM-SHA-256 SCRAM-SHA-1", { credentials: password }, without("random"));
    expect(linesOf(none)).toEqual(["EHLO client.example.org", "QUIT"]);
    expect(failureOf(none)).toMatchObject({ kind: "authUnavailable", detail: expect.stringContaining("computed") });
  });

  test("client cancels an exchange that it cannot compute to its end", () => {
    const harness = offered("SCRAM-SHA-256 PLAIN", { credentials: password }, without("pbkdf2"));
    hear(harness, new ScriptedExchange(linesOf(harness).at(-1) ?? "").reply);
    expect(linesOf(harness).at(-1)).toBe("*");
    hear(harness, "501 Cancelled");
    expect(failureOf(harness)).toMatchObject({ kind: "authUnavailable", during: "opening.computing" });
  });

  test("client cancels CRAM-MD5 where the platform has no MD5", () => {
    const options: Options = { credentials: password, mechanisms: ["CRAM-MD5"] };
    const harness = offered("CRAM-MD5", options, (operation) =>
      operation.type === "hmac" && operation.hash === "MD5" ? undefined : usual(operation),
    );
    hear(harness, `334 ${base64("<1@mx>")}`);
    expect(linesOf(harness).slice(-2)).toEqual(["AUTH CRAM-MD5", "*"]);
  });

  test("client passes over results that it does not wait for", () => {
    const harness = offered("SCRAM-SHA-256", { credentials: password }, "never");
    const { session } = harness;
    for (const computation of [0, 2, -1]) session.handle({ type: "computed", computation, result: octetsOf("x") }, 0);
    expect(stateOf(harness)).toBe("opening.computing");
    session.handle({ type: "computed", computation: 1, result: octetsOf("x".repeat(24)) }, 0);
    harness.elapse();
    expect(linesOf(harness).at(-1)).toMatch(/^AUTH SCRAM-SHA-256 /);
    const { output } = harness;
    session.handle({ type: "computed", computation: 1, result: octetsOf("y".repeat(24)) }, 0);
    harness.elapse();
    expect(harness.output).toBe(output);
  });

  test("client reads what came while it was computing afterwards", () => {
    const slow = offered("SCRAM-SHA-256", { credentials: password }, "never");
    hear(slow, "421 Going down");
    expect([stateOf(slow), slow.closed]).toEqual(["opening.computing", false]);
    slow.session.handle({ type: "computed", computation: 1, result: octetsOf("x".repeat(24)) }, 0);
    slow.elapse();
    expect(slow.events.at(-1)).toMatchObject({ type: "sessionClosed", failure: { kind: "serviceClosing" } });
  });

  test("client computes with what the server cannot choose but within bounds", () => {
    const asked: CryptoOperation[] = [];
    const harness = offered("SCRAM-SHA-256", { credentials: password }, (operation) => {
      asked.push(operation);
      return usual(operation);
    });
    const nonce = Buffer.from(linesOf(harness).at(-1)?.split(" ")[2] ?? "", "base64")
      .toString()
      .split("r=")[1];
    hear(harness, `334 ${base64(`r=${nonce}x,s=AAAA,i=1000001`)}`);
    expect(asked.map(({ type }) => type)).toEqual(["random"]);
    expect(linesOf(harness).at(-1)).toBe("*");
  });
});

describe("mechanisms of the application's own", () => {
  const own: ClientMechanism = {
    name: "X-OWN",
    clear: false,
    channelBound: false,
    takes: () => true,
    start: () => ({
      begin: () => ({ type: "silent" }),
      respond: (challenge) => ({ type: "responded", response: challenge.toReversed(), done: true }),
      computed: () => ({ type: "failed", reason: "unavailable" }),
    }),
  };

  test("client uses one that is offered before all that it knows", () => {
    const harness = offered("PLAIN SCRAM-SHA-512 x-own", { credentials: password, mechanisms: ["PLAIN", own] });
    expect(linesOf(harness).at(-1)).toBe("AUTH X-OWN");
    hear(harness, `334 ${base64("abc")}`);
    expect(linesOf(harness).at(-1)).toBe(base64("cba"));
    hear(harness, "235 OK");
    expect(harness.events.at(-1)).toMatchObject({ type: "opened", identity: "user" });
  });

  test("client uses another where it is not offered", () => {
    const harness = offered("PLAIN", { credentials: password, mechanisms: [own, "PLAIN"] });
    expect(linesOf(harness).at(-1)).toMatch(/^AUTH PLAIN /);
  });

  test.each(["", "lower", "TWO WORDS", "A".repeat(21), "A\r\nB"])("client refuses one whose name is %j", (name) => {
    const mechanisms = [{ ...own, name }];
    expect(() => clientProfile({ hostname: "a", credentials: password, mechanisms })).toThrow(InvalidValueError);
  });
});

describe("options", () => {
  test("client refuses names that it does not know, and mechanisms of which none takes the credentials", () => {
    const make = (mechanisms: readonly string[], credentials: ClientCredentials | "onDemand" = password) => {
      const named = mechanisms as NonNullable<Options["mechanisms"]>;
      return () => clientProfile({ hostname: "a", credentials, mechanisms: named });
    };
    expect(make(["GSSAPI"])).toThrow('Mechanism "GSSAPI": It is not known. Name one of EXTERNAL, ');
    expect(make(["toString"])).toThrow(InvalidValueError);
    expect(make(["XOAUTH2", "EXTERNAL"])).toThrow('Mechanisms "XOAUTH2, EXTERNAL": None takes these credentials.');
    expect(make([])).toThrow("mechanisms: The list is empty");
    expect(make([], "onDemand")).toThrow(InvalidValueError);
    expect(make("PLAIN" as unknown as string[])).toThrow("mechanisms: They are no list");
    expect(make(["XOAUTH2"], "onDemand")).not.toThrow();
    expect(() => clientProfile({ hostname: "a", mechanisms: [] })).not.toThrow();
  });

  const unsendable: readonly (readonly [object, string])[] = [
    [{ user: "a\0b", password: "x" }, "User name"],
    [{ user: "a", password: "\ud800" }, "Password"],
    [{ user: "a", password: "x", authorizationIdentity: "\0" }, "Authorization identity"],
    [{ user: "a\0", token: "x" }, "User name"],
    [{ user: "a", token: "x\r\ny" }, "Token"],
    [{ user: "a", token: "" }, "Token"],
    [{ external: true, authorizationIdentity: "\0" }, "Authorization identity"],
    [{ user: "a\x01b", token: "x" }, "User name"],
    [{ user: "a\nb", token: "x" }, "User name"],
    [{ user: "a", token: "x\x01y" }, "Token"],
    [{ user: "a", token: "x", host: "mx\x01auth=" }, "Host"],
    [{ user: "a", token: "x", port: 65_536 }, "Port 65536"],
    [{ user: "a", token: "x", port: 2.5 }, "Port 2.5"],
    [{ anonymous: true, trace: "\0" }, "Trace"],
    [{ anonymous: true, trace: "a\tb" }, "Trace"],
    [{ anonymous: true, trace: "a".repeat(256) }, "Trace"],
    [{}, "Credentials"],
  ];

  test.each(unsendable)("client refuses credentials that nobody can send, given or on demand: %j", (given, what) => {
    const credentials = given as ClientCredentials;
    expect(() => clientProfile({ hostname: "a", credentials })).toThrow(new RegExp(`^${what}: `));
    const harness = inState("opening.expectingCredentials");
    const { output } = harness;
    expect(() => harness.submit({ type: "authenticate", credentials })).toThrow(InvalidValueError);
    expect([stateOf(harness), harness.output]).toEqual(["opening.expectingCredentials", output]);
    harness.submit({ type: "authenticate", credentials: password });
    expect(linesOf(harness).at(-1)).toMatch(/^AUTH PLAIN /);
  });

  test("client takes credentials only where it has asked for them", () => {
    const intent: ClientIntent = { type: "authenticate", credentials: password };
    for (const state of ["expectingGreeting", "opening.expectingAuthReply", "ready"])
      expect(() => inState(state).submit(intent)).toThrow(LocalProtocolError);
  });

  test("client shows TLS that failed no reason of its authentication's", () => {
    const session = newSession({ credentials: password });
    const harness: ClientHarness = new SessionHarness(session, { readsOn: true });
    hear(harness, "220 mx");
    hear(harness, "250 mx");
    expect(failureOf(harness)).toEqual({
      kind: "tlsUnavailable",
      during: "opening.expectingEhloReply",
      reply: expect.anything(),
    });
  });
});
