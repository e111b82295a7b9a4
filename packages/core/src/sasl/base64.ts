// Base64 in its one canonical form (RFC 4648 §4), which SASL exchanges are written in.

import { decodeAscii, encodeUtf8 } from "../grammar/text.ts";

const alphabet = encodeUtf8("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
const padding = 0x3d;
const notBase64 = 0xff;

const values = new Uint8Array(256).fill(notBase64);
for (const [value, octet] of alphabet.entries()) values[octet] = value;

/**
 * The octets that the base64 stands for, or `undefined` where it is not in canonical form: every character of the
 * alphabet, padded to a multiple of four, the bits behind the last octet zero. No white space.
 */
export function decodeBase64(base64: string | Uint8Array): Uint8Array | undefined {
  const source = typeof base64 === "string" ? encodeUtf8(base64) : base64;
  if (source.length % 4 !== 0) return undefined;
  const padded = source.at(-1) !== padding ? 0 : source.at(-2) !== padding ? 1 : 2;
  const octets = new Uint8Array((source.length / 4) * 3 - padded);
  const end = source.length - padded;
  let bits = 0;
  let length = 0;
  for (let index = 0; index < end; index++) {
    const value = values[source[index] ?? 0] ?? notBase64;
    if (value === notBase64) return undefined;
    bits = ((bits << 6) | value) & 0xffff;
    // Each character but the first of four completes an octet, with 4, 2 or 0 bits left over.
    const left = 6 - 2 * (index % 4);
    if (left < 6) octets[length++] = (bits >> left) & 0xff;
  }
  const spare = bits & (padded === 2 ? 0b1111 : padded === 1 ? 0b11 : 0);
  return spare === 0 ? octets : undefined;
}

/** The octets in base64 with its padding, on one line. */
export function encodeBase64(octets: Uint8Array): string {
  const base64 = new Uint8Array(Math.ceil(octets.length / 3) * 4).fill(padding);
  let at = 0;
  for (let index = 0; index < octets.length; index += 3) {
    const bits = ((octets[index] ?? 0) << 16) | ((octets[index + 1] ?? 0) << 8) | (octets[index + 2] ?? 0);
    const characters = Math.min(octets.length - index, 3) + 1;
    for (let place = 0; place < characters; place++)
      base64[at + place] = alphabet[(bits >> (18 - 6 * place)) & 63] ?? 0;
    at += 4;
  }
  return decodeAscii(base64);
}
