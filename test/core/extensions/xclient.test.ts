// XCLIENT (Postfix's XCLIENT_README): its argument.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type ClientAttributes,
  formatClientAttributes,
  parseClientAttributes,
  xclient,
} from "../../../packages/core/src/extensions/xclient.ts";
import { InvalidValueError } from "../../../packages/core/src/grammar/invalid-value-error.ts";
import { encodeUtf8 } from "../../../packages/core/src/grammar/text.ts";
import { times } from "../../support/arbitraries.ts";
import { countedOctets } from "../../support/counted-octets.ts";
import {
  addresses,
  names,
  orUnavailable,
  permanently,
  ports,
  temporarily,
} from "../../support/extension-attributes.ts";
import { announced, argument, securedOffer } from "../../support/extensions.ts";

const clients: fc.Arbitrary<ClientAttributes> = fc
  .record(
    {
      name: fc.oneof(orUnavailable(names), fc.constant(temporarily)),
      address: orUnavailable(addresses),
      port: ports,
      protocol: fc.constantFrom("SMTP" as const, "ESMTP" as const),
      hello: orUnavailable(names),
      login: orUnavailable(fc.constantFrom("user@example.org", "john smith", "jürgen", "a=b+c")),
      destinationAddress: orUnavailable(addresses),
      destinationPort: ports,
    },
    { requiredKeys: [] },
  )
  .filter((attributes) => Object.keys(attributes).length > 0);

describe("XCLIENT", () => {
  test("is the same after it was formatted and parsed", () => {
    fc.assert(
      fc.property(clients, (attributes) => {
        expect(argument(parseClientAttributes, formatClientAttributes(attributes))).toEqual({
          ok: true,
          value: attributes,
        });
      }),
      times(3),
    );
  });

  test.each<[string, ClientAttributes]>([
    ["NAME=spike.porcupine.org ADDR=168.100.189.2", { name: "spike.porcupine.org", address: "168.100.189.2" }],
    ["addr=ipv6:2001:DB8::0:1  port=0", { address: "2001:db8::1", port: 0 }],
    ["NAME=[tempunavail] HELO=[Unavailable]", { name: temporarily, hello: permanently }],
    ["HELO=[192.0.2.1] PROTO=esmtp LOGIN=a+20b+2Bc", { hello: "[192.0.2.1]", protocol: "ESMTP", login: "a b+c" }],
  ])("%s is read", (text, value) => {
    expect(argument(parseClientAttributes, text)).toEqual({ ok: true, value });
  });

  test.each([
    "",
    "NAME",
    "NAME=",
    "=x",
    "NAME=a NAME=b",
    "NAME=a name=[UNAVAILABLE]",
    "NAME=a,ADDR=1.2.3.4",
    " NAME=a",
    "NAME=a ",
    "NAME=a b",
    "NAME=a=b",
    "NAME=+00",
    "NAME=a+0D+0Ab",
    "NAME=a+2b",
    "NAME=a+20b",
    "NAME=a(b)",
    'NAME="a"',
    "NAME=+C3+A9",
    "NAME=é",
    `NAME=${"a".repeat(256)}`,
    "ADDR=2001:db8::1",
    "ADDR=IPV6:192.0.2.1",
    "ADDR=IPV6:x",
    "ADDR=[192.0.2.1]",
    "ADDR=192.0.2.01",
    "ADDR=example.org",
    "ADDR=[TEMPUNAVAIL]",
    "PORT=65536",
    "PORT=025",
    "PORT=-1",
    "PORT=smtp",
    "PROTO=LMTP",
    "PROTO=[UNAVAILABLE]",
    "IDENT=x",
    "SOURCE=LOCAL",
    "constructor=x",
  ])("refuses %j", (text) => {
    expect(argument(parseClientAttributes, text)).toMatchObject({ ok: false });
  });

  test.each<ClientAttributes>([
    {},
    { name: "" },
    { name: "a b" },
    { name: "a\r\nMAIL" },
    { name: "[UNAVAILABLE]" },
    { name: "[tempunavail]" },
    { hello: temporarily },
    { address: "IPV6:::1" },
    { address: "example.org" },
    { port: 65_536 },
    { port: 0.5 },
    { login: "a\0b" },
    { login: "a".repeat(256) },
  ])("cannot be made of %j", (attributes) => {
    expect(() => formatClientAttributes(attributes)).toThrow(InvalidValueError);
  });

  test("is announced with its attributes", () => {
    expect(announced(xclient, "XCLIENT", { ...securedOffer, trusted: true })).toEqual([
      "NAME",
      "ADDR",
      "PORT",
      "PROTO",
      "HELO",
      "LOGIN",
      "DESTADDR",
      "DESTPORT",
    ]);
  });
});

test.each([
  "NAME=a ".repeat(5_000),
  `NAME=${"+41".repeat(10_000)}`,
  `LOGIN=a${" ".repeat(20_000)}`,
  "A".repeat(20_000),
])("the argument is looked at a few times an octet", (text) => {
  const counted = countedOctets(encodeUtf8(text));
  parseClientAttributes(counted.octets, 0, text.length);
  expect(counted.looks()).toBeLessThan(text.length * 12);
});
