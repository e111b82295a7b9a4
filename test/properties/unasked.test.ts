// Steps at which an application has nothing to say: a session that does not ask says and does what it would where the answer is yes.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ServerEvent } from "@carteiro/core";
import { times } from "../support/arbitraries.ts";
import { clientDialogues, type ClientDialogue } from "../support/dialogues.ts";
import { converse, serverOptions, ways, type ServerOptions, type Way } from "../support/server-conversation.ts";
import { coalesced } from "../support/session-harness.ts";

const subjects = ["mail", "recipient", "data"] as const;
const asking: ReadonlySet<string> = new Set(["mailReceived", "recipientReceived", "dataReceived"]);

function said(options: ServerOptions, dialogue: ClientDialogue, way: Way) {
  const { harness, states } = converse(options, dialogue, ["accept"], way);
  const events = (coalesced(harness.events) as ServerEvent[]).filter(({ type }) => !asking.has(type)).map(unnumbered);
  return { codes: codesIn(harness.output), events, states, closed: harness.closed };
}

function unnumbered(event: ServerEvent): unknown {
  return "decision" in event ? { ...event, decision: 0 } : event;
}

/** The application's own texts are not those that sessions give by themselves. */
function codesIn(output: string): string[] {
  return output.split("\r\n").map((line) => line.slice(0, 4));
}

describe("a server session", () => {
  test("that does not ask goes on as if the answer were yes", () => {
    fc.assert(
      fc.property(serverOptions, clientDialogues, ways, fc.subarray([...subjects]), (given, dialogue, way, unasked) => {
        const options = { ...given, trace: false };
        expect(said({ ...options, unasked }, dialogue, way)).toEqual(said(options, dialogue, way));
      }),
      times(4),
    );
  });

  test("asks nothing that it is told not to ask", () => {
    const segments = ["EHLO a.example\r\n", "MAIL FROM:<a@b>\r\n", "RCPT TO:<c@d>\r\n", "DATA\r\n", "x\r\n.\r\n"];
    const types = (unasked: readonly (typeof subjects)[number][]) =>
      converse({ unasked }, { segments, ends: false }, ["accept"]).harness.events.map(({ type }) => type);
    expect(types([]).filter((type) => asking.has(type))).toEqual(["mailReceived", "recipientReceived", "dataReceived"]);
    expect(types(subjects).filter((type) => asking.has(type))).toEqual([]);
    expect(types(subjects)).toContain("messageReceived");
  });

  test("takes no other step for one that it need not ask about", () => {
    const unasked = ["message"] as unknown as ["mail"];
    expect(() => converse({ unasked }, { segments: [], ends: false }, ["accept"])).toThrow(/^unasked "message"/);
  });
});
