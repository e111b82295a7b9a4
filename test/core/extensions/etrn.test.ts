// ETRN (RFC 1985): its argument.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  etrn,
  formatQueueRequest,
  parseQueueRequest,
  type QueueRequest,
} from "../../../packages/core/src/extensions/etrn.ts";
import { InvalidValueError } from "../../../packages/core/src/grammar/invalid-value-error.ts";
import { encodeUtf8 } from "../../../packages/core/src/grammar/text.ts";
import { addressLiterals, domains } from "../../support/arbitraries.ts";
import { countedOctets } from "../../support/counted-octets.ts";
import { announced, argument } from "../../support/extensions.ts";

describe("ETRN", () => {
  const requests: fc.Arbitrary<QueueRequest> = fc.oneof(
    fc.record({
      scope: fc.constantFrom("host" as const, "domain" as const),
      name: domains().map((name) => name.toLowerCase()),
    }),
    fc.record({ scope: fc.constant("host" as const), name: fc.ipV4().map((address) => `[${address}]`) }),
    fc.record({ scope: fc.constant("queue" as const), name: fc.stringMatching(/^[!-~]{1,12}$/) }),
  );

  test("is the same after it was formatted and parsed", () => {
    fc.assert(
      fc.property(requests, (request) => {
        expect(argument(parseQueueRequest, formatQueueRequest(request))).toEqual({ ok: true, value: request });
      }),
    );
  });

  test("takes any literal for a host", () => {
    fc.assert(
      fc.property(addressLiterals, (literal) => {
        expect(argument(parseQueueRequest, literal)).toMatchObject({ ok: true, value: { scope: "host" } });
      }),
    );
  });

  test.each([
    ["Example.ORG", { scope: "host", name: "example.org" }],
    ["@example.org", { scope: "domain", name: "example.org" }],
    ["#uucp", { scope: "queue", name: "uucp" }],
    ["#@x", { scope: "queue", name: "@x" }],
  ])("%s is read", (text, value) => {
    expect(argument(parseQueueRequest, text)).toEqual({ ok: true, value });
  });

  test.each([
    "",
    "@",
    "#",
    "#a b",
    "# a",
    "example.org x",
    "@@example.org",
    "@[192.0.2.1]",
    "example..org",
    "-a",
    "a b",
    "[1.2.3]",
    "#é",
    "user@example.org",
  ])("refuses %j", (text) => {
    expect(argument(parseQueueRequest, text)).toMatchObject({ ok: false });
  });

  test.each<QueueRequest>([
    { scope: "host", name: "@example.org" },
    { scope: "host", name: "#x" },
    { scope: "host", name: "" },
    { scope: "domain", name: "a\r\nb" },
    { scope: "queue", name: "a b" },
    { scope: "queue", name: "\ud800" },
  ])("cannot be made of %j", (request) => {
    expect(() => formatQueueRequest(request)).toThrow(InvalidValueError);
  });

  test("is announced", () => {
    expect(announced(etrn, "ETRN")).toEqual([]);
  });
});

test.each(["a.".repeat(10_000), `#${"a".repeat(20_000)}`, "@".repeat(20_000)])(
  "the argument is looked at a few times an octet",
  (text) => {
    const counted = countedOctets(encodeUtf8(text));
    parseQueueRequest(counted.octets, 0, text.length);
    expect(counted.looks()).toBeLessThan(text.length * 12);
  },
);
