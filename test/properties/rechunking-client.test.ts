// Standing property 1, the client's side: however what the server says is cut into chunks, a session says and does the same.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { times } from "../support/arbitraries.ts";
import { chunkings, cycle } from "../support/dialogues.ts";
import { clientDialogues, converse, type ClientDialogue } from "../support/scripted-server.ts";

function held(dialogue: ClientDialogue, sizes: readonly number[], lends = false) {
  const { harness, session, server } = converse(dialogue, cycle(sizes), lends);
  return {
    output: harness.output,
    events: harness.events,
    turns: server.turns,
    state: session.state,
    now: harness.now,
  };
}

describe("a client session", () => {
  test("says and does the same however what it hears is cut into chunks, and whether these are only lent", () => {
    fc.assert(
      fc.property(clientDialogues, chunkings, fc.boolean(), (dialogue, sizes, lends) => {
        expect(held(dialogue, sizes, lends)).toEqual(held(dialogue, [Infinity]));
      }),
      times(4),
    );
  });

  test("is held to that by dialogues that come to mail, TLS, AUTH, refusals and broken protocol", () => {
    const seen = fc
      .sample(clientDialogues, { numRuns: 1_500, seed: 5321 })
      .map((dialogue) => held(dialogue, [Infinity]));
    expect(seen.every(({ state }) => state === "closed")).toBe(true);
    const events = seen.flatMap((one) => one.events);
    const often = (type: string) => events.filter((event) => event.type === type).length;
    const ends = events.filter((event) => event.type === "transactionEnded");
    expect(ends.filter(({ result }) => result.recipients.some(({ accepted }) => accepted)).length).toBeGreaterThan(100);
    expect(ends.filter(({ result }) => result.uncertain).length).toBeGreaterThan(0);
    expect(often("tlsStarted")).toBeGreaterThan(50);
    expect(often("contentRefused")).toBeGreaterThan(0);
    const turns = seen.flatMap((one) => one.turns);
    for (const begin of ["LHLO ", "BDAT ", "DATA\r\n"]) {
      expect(turns.filter((turn) => turn.startsWith(begin)).length).toBeGreaterThan(30);
    }
    expect(often("credentialsWanted")).toBeGreaterThan(20);
    const opened = events.filter((event) => event.type === "opened");
    expect(opened.filter(({ identity }) => identity !== undefined).length).toBeGreaterThan(30);
    const said = turns.filter((turn) => turn.startsWith("AUTH "));
    const mechanisms = new Set(said.map((turn) => turn.trimEnd().split(" ")[1]));
    expect(mechanisms.size).toBeGreaterThan(7);
  });
});
