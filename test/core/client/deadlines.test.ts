// Deadlines: every state has one, its length is in the options, and the defaults are RFC 5321's (section 4.5.3.2).

import { defaultClientTimeouts, type ClientTimeout, type ClientTimeouts } from "@carteiro/core";
import { describe, expect, test } from "vitest";
import { octetsOf } from "../../support/session-harness.ts";
import { hear, inState, newSession, states, ways } from "./states.ts";

const timeouts: ClientTimeouts = {
  greeting: 1_001,
  hello: 1_002,
  command: 1_003,
  data: 1_004,
  block: 1_005,
  contentEnd: 1_006,
  quit: 1_007,
  tls: 1_008,
  idle: 1_009,
};

describe.each(states)("in state %s", (state) => {
  const timeout = ways[state]?.timeout ?? "idle";

  test("client waits as long as the options say, and no longer", () => {
    const harness = inState(state, { timeouts });
    expect(harness.idle.deadline).toBe(timeouts[timeout]);
    const { output } = harness;
    harness.now = timeouts[timeout] - 1;
    harness.elapse();
    expect({ output: harness.output, closed: harness.closed }).toEqual({ output, closed: false });
    harness.now = timeouts[timeout];
    harness.elapse();
    if (state === "ready") expect(harness.output.slice(output.length)).toBe("QUIT\r\n");
    else expect({ output: harness.output, closed: harness.closed }).toEqual({ output, closed: true });
  });

  test("client says that it was time which ended the session, unless nothing was left to do", () => {
    const harness = inState(state, { timeouts });
    harness.runOut();
    // The reason for cancelling an exchange is kept.
    const cancelled = state === "opening.expectingCancelReply";
    const failure = cancelled ? expect.objectContaining({ kind: "protocol" }) : { kind: "timeout", during: state };
    const quiet = state === "ready" || state === "expectingQuitReply";
    expect(harness.events.at(-1)).toEqual({ type: "sessionClosed", ...(quiet ? {} : { failure }) });
  });
});

describe("progress", () => {
  test("client waits anew after each reply, and not after a part of one", () => {
    const harness = inState("opening.expectingEhloReply", { timeouts });
    harness.now = 500;
    harness.receive(octetsOf("250-mx.example.com\r\n250-SIZE"));
    expect(harness.idle.deadline).toBe(timeouts.hello);
    harness.now = 600;
    harness.receive(octetsOf("\r\n250 PIPELINING\r\n"));
    expect(harness.idle.deadline).toBe(600 + timeouts.idle);
  });

  test("client waits anew after each piece of content", () => {
    const harness = inState("transaction.sendingContent", { timeouts });
    for (const now of [900, 1_800, 2_700]) {
      harness.now = now;
      harness.submit({ type: "content", bytes: octetsOf("One line\r\n") });
      expect(harness.idle.deadline).toBe(now + timeouts.block);
    }
  });

  test("client that is not ready says nothing of being idle", () => {
    const harness = inState("transaction.expectingMailReply", { timeouts });
    harness.now = 1_000;
    hear(harness, "250 OK");
    expect(harness.idle.deadline).toBe(1_000 + timeouts.command);
  });
});

describe("options", () => {
  test("client waits by default as long as RFC 5321 demands", () => {
    const floor: Partial<Record<ClientTimeout, number>> = {
      greeting: 300_000,
      hello: 300_000,
      command: 300_000,
      data: 120_000,
      block: 180_000,
      contentEnd: 600_000,
    };
    for (const [name, least] of Object.entries(floor)) {
      expect(Object.entries(defaultClientTimeouts)).toContainEqual([
        name,
        expect.toSatisfy((ms) => Number(ms) >= least),
      ]);
    }
  });

  test.each(Object.keys(defaultClientTimeouts))("client refuses a %s timeout that is not greater than zero", (name) => {
    for (const bad of [0, -1, Number.NaN]) {
      expect(() => newSession({ timeouts: { [name]: bad } })).toThrow(RangeError);
      expect(() => newSession({ timeouts: { [name]: bad } })).toThrow(new RegExp(`^timeouts\\.${name} is ${bad}: `));
    }
  });
});
