// The header of SCRAM and OAUTHBEARER (RFC 5801 §4), and the names in it (RFC 5802 §7).

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  formatGs2Header,
  formatSaslName,
  parseGs2Header,
  parseSaslName,
  preferredBinding,
} from "../../../packages/core/src/sasl/gs2.ts";
import { anyOf } from "../../support/arbitraries.ts";

const names = fc.array(anyOf("ab=,23CD\u00e9"), { minLength: 1 }).map((chars) => chars.join(""));

describe("names", () => {
  test("are the same once written and read", () => {
    fc.assert(
      fc.property(names, (name) => {
        expect(formatSaslName(name)).not.toContain(",");
        expect(parseSaslName(formatSaslName(name))).toBe(name);
      }),
    );
  });

  test.each(["", "a,b", "a\0", "=", "a=", "a=2", "=2c", "=3d", "=2D", "a==2C"])("%j is none", (text) => {
    expect(parseSaslName(text)).toBeUndefined();
  });
});

describe("headers", () => {
  test("are the same once written and read, whatever follows", () => {
    const headers = fc.oneof(
      fc.record({ flag: fc.constantFrom("n" as const, "y" as const) }),
      fc.record({ flag: fc.constant("p" as const), bindingType: fc.constantFrom("tls-exporter", "tls-unique") }),
    );
    fc.assert(
      fc.property(headers, fc.option(names, { nil: undefined }), fc.string(), (header, name, rest) => {
        const given = { ...header, ...(name !== undefined && { authorizationIdentity: name }) };
        const text = formatGs2Header(given);
        expect(parseGs2Header(text + rest)).toEqual({ ...given, text });
      }),
    );
  });

  test.each(["", "n", "n,", ",,", "n,a,", "q,,", "p,,", "p=,,", "n=,,", "toString,,", "n,a=,", "n,b=x,", "n,a==,"])(
    "%j is none",
    (text) => {
      expect(parseGs2Header(text)).toBeUndefined();
    },
  );
});

test("the exporter is preferred to the certificate, and nothing to what there is", () => {
  const octets = Uint8Array.of(1);
  expect(preferredBinding({ "tls-exporter": octets, "tls-server-end-point": octets })).toBe("tls-exporter");
  expect(preferredBinding({ "tls-server-end-point": octets })).toBe("tls-server-end-point");
  expect(preferredBinding({})).toBeUndefined();
  expect(preferredBinding()).toBeUndefined();
});
