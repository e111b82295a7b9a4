// Standing property 1, the server's side: however its input is cut into chunks, a session says and does the same.

import {
  serverProfile,
  ServerSession,
  type ServerIntent,
  type ServerEvent,
  type ServerSessionOptions,
} from "@carteiro/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  application,
  chunkings,
  chunksOf,
  clientDialogues,
  cycle,
  verdicts,
  type ClientDialogue,
  type Verdict,
} from "../support/dialogues.ts";
import { times } from "../support/arbitraries.ts";
import { coalesced, octetsOf, SessionHarness } from "../support/session-harness.ts";

const options: fc.Arbitrary<Omit<ServerSessionOptions, "hostname">> = fc.record({
  startTls: fc.boolean(),
  requireTls: fc.constantFrom(false, false, false, true),
  authentication: fc.constantFrom(
    {},
    { allowInClear: true },
    { allowInClear: true },
    { allowInClear: true, required: true },
  ),
  bareNewlines: fc.constantFrom("reject", "accept"),
  trace: fc.boolean(),
  limits: fc.record({
    recipients: fc.constantFrom(2, 1_000),
    messageSize: fc.constantFrom(100, 1_000_000),
    commandLine: fc.constantFrom(512, 4_096),
    responseLine: fc.constantFrom(100, 12_288),
    endlessLine: fc.constantFrom(512, 65_536),
    discarded: fc.constantFrom(50, 10_000_000),
    errors: fc.constantFrom(3, 20, 100),
    bufferedReplies: fc.constantFrom(1, 16_384),
  }),
});

interface Way {
  readonly sizes: readonly number[];
  /** As the driver does it, or only once the session is idle. */
  readonly promptly: boolean;
  /** Whether the driver reads on while the application decides. */
  readonly readsOn: boolean;
}

const ways: fc.Arbitrary<Way> = fc.record({ sizes: chunkings, promptly: fc.boolean(), readsOn: fc.boolean() });

function held(
  given: Omit<ServerSessionOptions, "hostname">,
  dialogue: ClientDialogue,
  script: readonly Verdict[],
  way: Way,
) {
  const session = new ServerSession(serverProfile({ ...given, hostname: "mx.example.org" }), 0);
  const harness = new SessionHarness<ServerIntent, ServerEvent>(session, {
    answer: application(script),
    promptly: way.promptly,
    readsOn: way.readsOn,
    tls: { protocol: "TLSv1.3" },
  });
  const sizes = cycle(way.sizes);
  const states: string[] = [];
  for (const segment of dialogue.segments) {
    for (const chunk of chunksOf(segment, sizes)) harness.receive(chunk);
    // A client that waits for an answer before it goes on: to STARTTLS above all.
    settle(harness);
    states.push(session.state);
  }
  if (dialogue.ends) harness.end();
  settle(harness);
  return {
    output: harness.output,
    events: coalesced(harness.events),
    states,
    closed: harness.closed,
    now: harness.now,
  };
}

/** Until the session wants octets again. */
function settle(harness: SessionHarness<ServerIntent, ServerEvent>): void {
  while (harness.idle.wants === "intent" && harness.advance());
}

describe("a server session", () => {
  test("says and does the same however its input is cut into chunks", () => {
    fc.assert(
      fc.property(options, clientDialogues, verdicts, ways, (given, dialogue, script, way) => {
        const whole = held(given, dialogue, script, { sizes: [Infinity], promptly: true, readsOn: false });
        expect(held(given, dialogue, script, way)).toEqual(whole);
      }),
      times(4),
    );
  });

  test("is held to that by dialogues that come to mail, TLS, authentication, refusals and errors", () => {
    const seen = fc
      .sample(fc.tuple(options, clientDialogues, verdicts), { numRuns: 300, seed: 5321 })
      .map(([given, dialogue, script]) => {
        return held(given, dialogue, script, { sizes: [Infinity], promptly: true, readsOn: false });
      });
    const types = seen.flatMap(({ events }) => (events as { type: string }[]).map(({ type }) => type));
    const often = (type: string) => types.filter((other) => other === type).length;
    expect(often("messageReceived")).toBeGreaterThan(100);
    expect(often("contentRefused")).toBeGreaterThan(15);
    expect(often("tlsStarted")).toBeGreaterThan(10);
    expect(often("authenticated")).toBeGreaterThan(20);
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
