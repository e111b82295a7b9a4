// Standing property 1, the server's side: however its input is cut into chunks, a session says and does the same.

import { serverProfile, ServerSession } from "@carteiro/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { times } from "../support/arbitraries.ts";
import { application, clientDialogues, verdicts, type ClientDialogue, type Verdict } from "../support/dialogues.ts";
import {
  converse,
  plainly,
  serverOptions,
  ways,
  type ServerOptions,
  type Way,
} from "../support/server-conversation.ts";
import { coalesced, octetsOf, SessionHarness } from "../support/session-harness.ts";

function held(options: ServerOptions, dialogue: ClientDialogue, script: readonly Verdict[], way: Way) {
  const { harness, states } = converse(options, dialogue, script, way);
  const { output, closed, now } = harness;
  return { output, events: coalesced(harness.events), states, closed, now };
}

describe("a server session", () => {
  test("says and does the same however its input is cut into chunks, and whether these are only lent", () => {
    fc.assert(
      fc.property(serverOptions, clientDialogues, verdicts, ways, (given, dialogue, script, way) => {
        const whole = held(given, dialogue, script, plainly);
        expect(held(given, dialogue, script, way)).toEqual(whole);
      }),
      times(4),
    );
  });

  test("is held to that by dialogues that come to mail, TLS, authentication, refusals and errors", () => {
    const seen = fc
      .sample(fc.tuple(serverOptions, clientDialogues, verdicts), { numRuns: 2_000, seed: 5321 })
      .map(([given, dialogue, script]) => {
        return held(given, dialogue, script, plainly);
      });
    const types = seen.flatMap(({ events }) => (events as { type: string }[]).map(({ type }) => type));
    const often = (type: string) => types.filter((other) => other === type).length;
    expect(often("messageReceived")).toBeGreaterThan(150);
    expect(often("contentRefused")).toBeGreaterThan(15);
    expect(often("tlsStarted")).toBeGreaterThan(10);
    expect(often("authenticated")).toBeGreaterThan(20);
    expect(often("keysWanted")).toBeGreaterThan(10);
    const identified = seen.flatMap(({ events }) => events as { type: string; mechanism?: string }[]);
    const mechanisms = new Set(
      identified.flatMap(({ type, mechanism }) => (type === "authenticated" ? mechanism : [])),
    );
    for (const name of ["PLAIN", "LOGIN", "SCRAM-SHA-256", "XOAUTH2", "OAUTHBEARER", "ANONYMOUS"])
      expect([...mechanisms]).toContain(name);
    expect(often("decisionExpired")).toBeGreaterThan(20);
    expect(often("sessionClosed")).toBeGreaterThan(100);
    expect(often("contentAborted")).toBeGreaterThan(2);
  });
});

describe("a server session that refuses content", () => {
  const upToContent = "EHLO a\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n";

  function received(messageSize: number, ...chunks: readonly string[]): unknown[] {
    const profile = serverProfile({ hostname: "mx.example.org", limits: { messageSize } });
    const harness = new SessionHarness(new ServerSession(profile, 0), { answer: application(["accept"]) });
    for (const chunk of [upToContent, ...chunks]) harness.receive(octetsOf(chunk));
    return coalesced(harness.events).filter((event) => (event as { type: string }).type.startsWith("content"));
  }

  test("hands on what was within the limit, whether or not the chunk went beyond it", () => {
    const events = received(8, "12345678", "9\r\n.\r\n");
    expect(events).toMatchObject([{}, { text: "12345678" }, { type: "contentRefused", reply: { code: 552 } }]);
    expect(received(8, "123456789\r\n.\r\n")).toEqual(events);
  });

  test("says so before the end where a CR was bare that ended its chunk", () => {
    const events = received(1_000, "12\r", "34\r\n.\r\n");
    expect(events).toMatchObject([{}, { text: "12\r" }, { type: "contentRefused", reply: { code: 554 } }]);
    expect(received(1_000, "12\r34\r\n.\r\n")).toEqual(events);
  });
});
