// A driver may read on while the application decides. What it hands over meanwhile is read in the order in which it came,
// is bounded, and costs no more than if it had come later.

import { ServerSession, serverProfile, type ServerEvent, type ServerIntent } from "@carteiro/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { chunkings, chunksOf, contents, cycle } from "../support/dialogues.ts";
import { coalesced, octetsOf, SessionHarness } from "../support/session-harness.ts";

const profile = serverProfile({ hostname: "mx.example.org" });

/** Hands the chunks over, and lets the application decide once before each of those that say so, and at the end. */
function converse(chunks: readonly Uint8Array[], decides: Iterator<boolean>) {
  const session = new ServerSession(profile, 0);
  const harness = new SessionHarness<ServerIntent, ServerEvent>(session, { readsOn: true });
  const decide = (): boolean => {
    const asked = harness.events.findLast((event) => "decision" in event);
    if (harness.idle.wants !== "intent" || asked === undefined || !("decision" in asked)) return false;
    harness.submit({ type: "accept", decision: asked.decision });
    return true;
  };
  for (const chunk of chunks) {
    if (decides.next().value === true) decide();
    harness.receive(chunk);
  }
  while (decide());
  return { output: harness.output, events: coalesced(harness.events) };
}

function* always(value: boolean): Generator<boolean, never> {
  for (;;) yield value;
}

describe("a server session that is handed octets while the application decides", () => {
  test("reads them in the order in which they came", () => {
    const transactions = fc
      .array(
        contents.map(
          (content) => `MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nVRFY x\r\nRCPT TO:<e@f>\r\nDATA\r\n${content}\r\n.\r\n`,
        ),
        { minLength: 1, maxLength: 3 },
      )
      .map((parts) => `EHLO a\r\n${parts.join("")}RSET\r\nQUIT\r\n`);
    fc.assert(
      fc.property(transactions, chunkings, fc.infiniteStream(fc.boolean()), (text, sizes, decides) => {
        const chunks = [...chunksOf(text, cycle(sizes))];
        expect(converse(chunks, decides)).toEqual(converse([octetsOf(text)], always(true)));
      }),
    );
  });

  test("takes no longer for them in small pieces than in large ones", () => {
    const text = "NOOP\r\n".repeat(400);
    const session = new ServerSession(serverProfile({ hostname: "a.b", limits: { commandsWithoutMail: 1e9 } }), 0);
    const drain = () => {
      for (let output = session.poll(); output.kind !== "idle"; output = session.poll());
    };
    drain();
    for (let times = 0; times < 40; times++)
      for (const octet of text) session.handle({ type: "received", bytes: octetsOf(octet) }, 0);
    const started = performance.now();
    session.submit({ type: "accept", decision: 1 }, 0);
    drain();
    // A tenth of a second where it is linear, and half a minute where it is not.
    expect(performance.now() - started).toBeLessThan(5_000);
  });
});
