// Exit codes: what scripts can rely on.

import * as fc from "fast-check";
import { describe, expect, test } from "vitest";

import { exitCodeFor, exitCodeTable, sysexits, type SendErrorKind } from "../../packages/cli/src/sysexits.ts";

const kinds: readonly SendErrorKind[] = [
  "usage",
  "input",
  "host",
  "network",
  "timeout",
  "tls",
  "auth",
  "unsupported",
  "protocol",
  "refused",
  "internal",
];
const refusal = fc.record({
  code: fc.option(fc.integer({ min: 400, max: 599 }), { nil: undefined }),
  enhanced: fc.constantFrom(undefined, "5.1.1", "5.6.0", "4.2.0"),
});
const error = fc.record({
  kind: fc.constantFrom(...kinds),
  code: fc.option(fc.integer({ min: 400, max: 599 }), { nil: undefined }),
});
const refused = refusal.map((reply) => ({ accepted: false, ...reply }));

const exitCodeOfReply = (code: number, enhanced?: string) =>
  exitCodeFor({ recipients: [{ accepted: false, code, enhanced }] });

describe("exit code of a sending", () => {
  test("is 0 when at least one recipient was accepted, whatever else went wrong", () => {
    fc.assert(
      fc.property(fc.option(error, { nil: undefined }), fc.array(refused), fc.nat(10), (failure, others, at) => {
        const recipients = [...others.slice(0, at), { accepted: true, code: 250 }, ...others.slice(at)];
        expect(exitCodeFor({ error: failure, recipients })).toBe(0);
      }),
    );
  });

  test("is never 0 when nobody was accepted, and is always one of the table", () => {
    const known = exitCodeTable.map(([code]) => code);
    fc.assert(
      fc.property(fc.option(error, { nil: undefined }), fc.array(refused), (failure, recipients) => {
        const code = exitCodeFor({ error: failure, recipients });
        expect(code).not.toBe(0);
        expect(known).toContain(code);
      }),
    );
  });

  test("is 75 when one of the recipients may be accepted later", () => {
    fc.assert(
      fc.property(fc.array(refused), fc.integer({ min: 400, max: 499 }), (others, code) => {
        expect(exitCodeFor({ recipients: [...others, { accepted: false, code }] })).toBe(75);
      }),
    );
  });

  test.each([
    ["550 5.1.1", exitCodeOfReply(550, "5.1.1"), 67],
    ["550 without more", exitCodeOfReply(550), 69],
    ["550 5.7.1", exitCodeOfReply(550, "5.7.1"), 69],
    ["554 5.6.0", exitCodeOfReply(554, "5.6.0"), 65],
    ["530 5.7.0", exitCodeOfReply(530, "5.7.0"), 77],
    ["535 5.7.8", exitCodeOfReply(535, "5.7.8"), 77],
    ["452 4.3.1", exitCodeOfReply(452, "4.3.1"), 75],
  ])("for each recipient refused with %s is %i", (_, actual, expected) => {
    expect(actual).toBe(expected);
  });

  test("is 69 when recipients were refused for good for different reasons", () => {
    const recipients = [
      { accepted: false, code: 550, enhanced: "5.1.1" },
      { accepted: false, code: 550, enhanced: "5.7.1" },
    ];
    expect(exitCodeFor({ recipients })).toBe(69);
  });

  test.each([
    ["usage", undefined, 64],
    ["input", undefined, 66],
    ["host", undefined, 68],
    ["network", undefined, 75],
    ["timeout", undefined, 75],
    ["tls", undefined, 69],
    ["tls", 454, 75],
    ["auth", 535, 77],
    ["auth", undefined, 77],
    ["auth", 454, 75],
    ["unsupported", undefined, 69],
    ["protocol", undefined, 76],
    ["refused", 554, 69],
    ["refused", 421, 75],
    ["internal", undefined, 70],
  ] as const)("for the error %s with reply %s is %i", (kind, code, expected) => {
    expect(exitCodeFor({ error: { kind, code }, recipients: [] })).toBe(expected);
  });

  test("has in the table the names of sysexits.h", () => {
    for (const [code, name] of exitCodeTable) expect(Object.entries(sysexits)).toContainEqual([name, code]);
  });
});
