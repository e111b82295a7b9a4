// REQUIRETLS (RFC 8689) at MAIL.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { requireTls, tlsRequiredNo } from "../../../packages/core/src/extensions/require-tls.ts";
import { encodeUtf8 } from "../../../packages/core/src/grammar/text.ts";
import { announced, readMail, securedOffer } from "../../support/extensions.ts";

describe("REQUIRETLS", () => {
  const clear = { ...securedOffer, secured: false, startTls: true };

  test("is announced and taken under TLS alone", () => {
    expect(announced(requireTls, "REQUIRETLS")).toEqual([]);
    expect(announced(requireTls, "REQUIRETLS", clear)).toBeUndefined();
    expect(readMail(requireTls, "REQUIRETLS")).toEqual({ requireTls: true });
    expect(readMail(requireTls, "REQUIRETLS", undefined, clear)).toBe("530 5.7.10");
  });

  test("takes no value", () => {
    expect(readMail(requireTls, "REQUIRETLS", "YES")).toBe("501 5.5.4");
  });
});

describe("TLS-Required", () => {
  const asks = (header: string) => tlsRequiredNo(encodeUtf8(header));

  test.each([
    "TLS-Required: No\r\n",
    "From: a@b\r\nTLS-Required: No\r\nTo: c@d\r\n\r\nbody",
    "tls-required:no",
    "TLS-REQUIRED:\r\n \t NO \r\n\r\n",
  ])("is found in %j", (header) => {
    expect(asks(header)).toBe(true);
  });

  test.each([
    "",
    "\r\nTLS-Required: No\r\n",
    "From: a@b\r\n\r\nTLS-Required: No\r\n",
    "TLS-Required: Yes\r\n",
    "TLS-Required: No way\r\n",
    "TLS-Required: No\r\n or yes\r\n",
    "TLS-Required: No\r\nTLS-Required: No\r\n",
    "Subject: a\r\n TLS-Required: No\r\n",
    "X-TLS-Required: No\r\n",
    "TLS-Required\r\n",
  ])("is not found in %j", (header) => {
    expect(asks(header)).toBe(false);
  });

  test("is looked for in any octets without fail", () => {
    fc.assert(fc.property(fc.uint8Array(), (octets) => typeof tlsRequiredNo(octets) === "boolean"));
  });
});
