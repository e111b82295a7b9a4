// A driver may read on while the application decides. What it hands over meanwhile is read in the order in which it came,
// and is not held for longer than that.

import { ServerSession, serverProfile, type ServerEvent, type ServerIntent } from "@carteiro/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Inbox } from "../../packages/core/src/inbox.ts";
import { times } from "../support/arbitraries.ts";
import { chunkings, chunksOf, contents, cycle } from "../support/dialogues.ts";
import { heldMemory } from "../support/held-memory.ts";
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
        { minLength: 1, maxLength: 2 },
      )
      .map((parts) => `EHLO a\r\n${parts.join("")}RSET\r\nQUIT\r\n`);
    fc.assert(
      fc.property(transactions, chunkings, fc.infiniteStream(fc.boolean()), (text, sizes, decides) => {
        const chunks = [...chunksOf(text, cycle(sizes))];
        expect(converse(chunks, decides)).toEqual(converse([octetsOf(text)], always(true)));
      }),
      times(0.5),
    );
  });

  test("holds nothing of what it has read, although it never catches up", () => {
    const inbox = new Inbox();
    const before = heldMemory();
    for (let round = 0; round < 20_000; round++) {
      inbox.add(new Uint8Array(1_000), false);
      if (round < 10) continue;
      inbox.at = inbox.chunk.length;
      expect(inbox.ready()).toBe(true);
    }
    expect(inbox.unread).toBe(10_000);
    expect(heldMemory() - before).toBeLessThan(2 ** 20);
  });
});
