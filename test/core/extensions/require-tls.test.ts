// REQUIRETLS (RFC 8689) at MAIL.

import { describe, expect, test } from "vitest";
import { requireTls } from "../../../packages/core/src/extensions/require-tls.ts";
import { announced, readMail, securedOffer } from "../../support/extensions.ts";

describe("REQUIRETLS", () => {
  const clear = { ...securedOffer, secured: false, startTls: true };

  test("is announced and taken under TLS alone", () => {
    expect(announced(requireTls, "REQUIRETLS")).toEqual([]);
    expect(announced(requireTls, "REQUIRETLS", clear)).toBeUndefined();
    expect(readMail(requireTls, "REQUIRETLS")).toEqual({ requireTls: true });
    expect(readMail(requireTls, "REQUIRETLS", undefined, clear)).toBe("530 5.7.10");
    const { secured: _, ...silent } = clear;
    expect(announced(requireTls, "REQUIRETLS", silent)).toBeUndefined();
  });

  test("takes no value", () => {
    expect(readMail(requireTls, "REQUIRETLS", "YES")).toBe("501 5.5.4");
  });
});
