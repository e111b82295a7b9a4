// What WebCrypto computes for sessions, against published vectors.

import { webCompute } from "@carteiro/driver";
import { describe, expect, it } from "vitest";

const octets = (text: string) => new TextEncoder().encode(text);
const hex = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString("hex");

describe("computing with WebCrypto", () => {
  it("hashes as FIPS 180-4 does", async () => {
    expect(hex(await webCompute({ type: "hash", hash: "SHA-256", data: octets("abc") }))).toBe(
      "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    );
  });

  it("makes HMACs as RFC 4231 does", async () => {
    const operation = { type: "hmac", hash: "SHA-256", key: octets("Jefe") } as const;
    expect(hex(await webCompute({ ...operation, data: octets("what do ya want for nothing?") }))).toBe(
      "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
    );
  });

  it("derives keys as RFC 6070 does", async () => {
    const salted = { password: octets("password"), salt: octets("salt"), iterations: 4096 };
    expect(hex(await webCompute({ type: "pbkdf2", hash: "SHA-1", ...salted }))).toBe(
      "4b007901b765489abead49d926f721d065a429c1",
    );
  });

  it("gives as much randomness as it is asked for, another each time", async () => {
    const draw = async () => hex(await webCompute({ type: "random", length: 18 }));
    const first = await draw();
    expect(first).toHaveLength(36);
    expect(await draw()).not.toBe(first);
  });

  it("has no MD5", async () => {
    expect(await webCompute({ type: "hash", hash: "MD5", data: octets("abc") })).toBeUndefined();
  });

  it("takes views of larger memory for what they show", async () => {
    const view = octets("xabcx").subarray(1, 4);
    expect(await webCompute({ type: "hash", hash: "SHA-1", data: view })).toEqual(
      await webCompute({ type: "hash", hash: "SHA-1", data: octets("abc") }),
    );
  });
});
