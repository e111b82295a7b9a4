// What a client may promise about TLS in runtimes that cannot do all of it.

import { startTlsWith, type RuntimeFeatures } from "@carteiro/driver";
import { features as memory } from "@carteiro/memory";
import { features as node } from "@carteiro/node";
import { describe, expect, test } from "vitest";

const noTls: RuntimeFeatures = { ...memory, clientStartTls: false, clientImplicitTls: false };
const auth = { user: "user", password: "secret" };

describe("startTlsWith", () => {
  test("gives what was asked for where the runtime can do it", () => {
    for (const startTls of ["required", "opportunistic", "never"] as const)
      expect(startTlsWith(node, { startTls })).toBe(startTls);
    expect(startTlsWith(node, {})).toBe("opportunistic");
    expect(startTlsWith(node, { auth })).toBe("required");
    expect(startTlsWith(node, { tls: { rejectUnauthorized: false } })).toBe("opportunistic");
  });

  test("gives up opportunistic TLS where there is no STARTTLS", () => {
    expect(startTlsWith(noTls, {})).toBe("never");
    expect(startTlsWith(noTls, { startTls: "opportunistic", auth })).toBe("never");
  });

  test("keeps opportunistic TLS where it is always verified", () => {
    expect(startTlsWith(memory, {})).toBe("opportunistic");
  });

  test("asks for no STARTTLS where TLS comes first", () => {
    const implicitOnly = { ...noTls, clientImplicitTls: true };
    expect(startTlsWith(implicitOnly, { implicitTls: true, auth })).toBe("required");
  });

  test("throws for what the runtime cannot keep, and names it", () => {
    expect(() => startTlsWith(noTls, { startTls: "required" })).toThrow(/startTls.*@carteiro\/memory/);
    expect(() => startTlsWith(noTls, { auth })).toThrow(/auth/);
    expect(() => startTlsWith(noTls, { implicitTls: true })).toThrow(/implicitTls/);
    expect(() => startTlsWith(memory, { tls: { rejectUnauthorized: false } })).toThrow(/rejectUnauthorized/);
  });
});
