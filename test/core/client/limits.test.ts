// Limits of a client session, and the options that it refuses.

import { clientProfile, defaultClientLimits, InvalidValueError } from "@carteiro/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { octetsOf } from "../../support/session-harness.ts";
import { hear, inState, newSession } from "./states.ts";

describe("options", () => {
  test.each(Object.keys(defaultClientLimits))("client refuses a limit %s that is not greater than zero", (name) => {
    for (const bad of [0, -1, Number.NaN]) {
      expect(() => newSession({ limits: { [name]: bad } })).toThrow(RangeError);
      expect(() => newSession({ limits: { [name]: bad } })).toThrow(new RegExp(`^limits\\.${name} is ${bad}: `));
    }
  });

  test.each(["", "two words", "a\r\nb", "-a", "[192.0.2.999]"])("client refuses the host name %j", (hostname) => {
    expect(() => clientProfile({ hostname })).toThrow(InvalidValueError);
  });

  test("client reads by default the reply lines that RFC 5321 allows to servers", () => {
    expect(defaultClientLimits.replyLine).toBeGreaterThanOrEqual(512);
  });
});

describe("replies", () => {
  test("client reads a line of exactly its limit, CRLF included", () => {
    fc.assert(
      fc.property(fc.integer({ min: 60, max: 600 }), fc.integer({ min: -10, max: 10 }), (replyLine, more) => {
        const harness = inState("expectingAnswer", { limits: { replyLine } });
        hear(harness, `250 ${"x".repeat(replyLine + more - 6)}`);
        expect(harness.closed).toBe(more > 0);
        expect(harness.events.at(-1)).toMatchObject(
          more > 0
            ? {
                type: "sessionClosed",
                failure: {
                  kind: "protocol",
                  detail: `a line of a reply has more than ${replyLine} octets (limits.replyLine)`,
                },
              }
            : { type: "answered" },
        );
      }),
    );
  });

  test("client reads exactly so many lines in a reply", () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 12 }), fc.integer({ min: 1, max: 14 }), (replyLines, count) => {
        const harness = inState("expectingAnswer", { limits: { replyLines } });
        for (let line = 1; line < count; line += 1) hear(harness, "250-x");
        hear(harness, "250 x");
        expect(harness.closed).toBe(count > replyLines);
        if (count <= replyLines) return;
        const detail = `The reply has more than ${replyLines} lines (limits.replyLines)`;
        expect(harness.events.at(-1)).toMatchObject({ failure: { kind: "protocol", detail } });
      }),
    );
  });

  test("client closes at a line without an end as soon as it is too long", () => {
    const harness = inState("expectingAnswer", { limits: { replyLine: 512 } });
    harness.receive(octetsOf("x".repeat(512)));
    expect(harness.closed).toBe(false);
    harness.receive(octetsOf("x"));
    expect(harness.closed).toBe(true);
  });
});
