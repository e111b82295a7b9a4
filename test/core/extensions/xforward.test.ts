// XFORWARD (Postfix's XFORWARD_README): its argument.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  formatForwardedAttributes,
  type ForwardedAttributes,
  parseForwardedAttributes,
  xforward,
} from "../../../packages/core/src/extensions/xforward.ts";
import { InvalidValueError } from "../../../packages/core/src/grammar/invalid-value-error.ts";
import { encodeUtf8 } from "../../../packages/core/src/grammar/text.ts";
import { times } from "../../support/arbitraries.ts";
import { countedOctets } from "../../support/counted-octets.ts";
import { addresses, names, orUnavailable, permanently, ports } from "../../support/extension-attributes.ts";
import { announced, argument, securedOffer } from "../../support/extensions.ts";

const forwards: fc.Arbitrary<ForwardedAttributes> = fc
  .record(
    {
      name: orUnavailable(names),
      address: orUnavailable(fc.oneof(addresses, fc.constantFrom("uucp", "unix:/socket"))),
      port: ports,
      protocol: orUnavailable(names),
      hello: orUnavailable(names),
      identifier: orUnavailable(names),
      source: orUnavailable(fc.constantFrom("LOCAL" as const, "REMOTE" as const)),
    },
    { requiredKeys: [] },
  )
  .filter((attributes) => Object.keys(attributes).length > 0);

describe("XFORWARD", () => {
  test("is the same after it was formatted and parsed", () => {
    fc.assert(
      fc.property(forwards, (attributes) => {
        expect(argument(parseForwardedAttributes, formatForwardedAttributes(attributes))).toEqual({
          ok: true,
          value: attributes,
        });
      }),
      times(3),
    );
  });

  test.each<[string, ForwardedAttributes]>([
    [
      "NAME=spike.porcupine.org ADDR=168.100.189.2 PROTO=ESMTP",
      { name: "spike.porcupine.org", address: "168.100.189.2", protocol: "ESMTP" },
    ],
    ["HELO=spike.porcupine.org", { hello: "spike.porcupine.org" }],
    ["ADDR=IPv6:::1 SOURCE=local IDENT=3CF6B2AAE8", { address: "::1", source: "LOCAL", identifier: "3CF6B2AAE8" }],
    ["ADDR=2001:DB8::1", { address: "2001:db8::1" }],
    ["ADDR=[UNAVAILABLE] SOURCE=[UNAVAILABLE]", { address: permanently, source: permanently }],
  ])("%s is read", (text, value) => {
    expect(argument(parseForwardedAttributes, text)).toEqual({ ok: true, value });
  });

  test.each([
    "",
    "ADDR=IPV6:x",
    "ADDR=a+20b",
    "SOURCE=ELSEWHERE",
    "SOURCE=[TEMPUNAVAIL]",
    `PROTO=${"a".repeat(65)}`,
    "LOGIN=x",
    "NAME=[TEMPUNAVAIL]",
  ])("refuses %j", (text) => {
    expect(argument(parseForwardedAttributes, text)).toMatchObject({ ok: false });
  });

  test.each<ForwardedAttributes>([{}, { protocol: "a".repeat(65) }, { address: "IPV6:x" }, { identifier: "a;b" }])(
    "cannot be made of %j",
    (attributes) => {
      expect(() => formatForwardedAttributes(attributes)).toThrow(InvalidValueError);
    },
  );

  test("is announced with its attributes", () => {
    expect(announced(xforward, "XFORWARD", { ...securedOffer, trusted: true })).toEqual([
      "NAME",
      "ADDR",
      "PORT",
      "PROTO",
      "HELO",
      "IDENT",
      "SOURCE",
    ]);
  });
});

test.each([
  "NAME=a ".repeat(5_000),
  `NAME=${"+41".repeat(10_000)}`,
  `IDENT=a${" ".repeat(20_000)}`,
  "A".repeat(20_000),
])("the argument is looked at a few times an octet", (text) => {
  const counted = countedOctets(encodeUtf8(text));
  parseForwardedAttributes(counted.octets, 0, text.length);
  expect(counted.looks()).toBeLessThan(text.length * 12);
});
