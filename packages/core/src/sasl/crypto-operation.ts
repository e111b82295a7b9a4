// What a mechanism needs computed and the core cannot compute: plain data that the driver carries out, with WebCrypto
// for instance, and answers with octets.

import { encodeUtf8 } from "../grammar/text.ts";

/** Hash functions by WebCrypto's names; MD5, for CRAM-MD5 alone, is none of WebCrypto's, and a driver may refuse it. */
export type HashName = "SHA-1" | "SHA-256" | "SHA-512" | "MD5";

/** What is to be computed. The result goes to the exchange's `computed`; `undefined` there: it cannot be had. */
export type CryptoOperation =
  /** So many octets from a cryptographic source of randomness. */
  | { readonly type: "random"; readonly length: number }
  | { readonly type: "hash"; readonly hash: HashName; readonly data: Uint8Array }
  /** HMAC (RFC 2104). */
  | { readonly type: "hmac"; readonly hash: HashName; readonly key: Uint8Array; readonly data: Uint8Array }
  /** PBKDF2 with HMAC (RFC 8018 §5.2), as many octets as the hash has: `Hi` of RFC 5802 §2.2. Slow by intention. */
  | {
      readonly type: "pbkdf2";
      readonly hash: HashName;
      readonly password: Uint8Array;
      readonly salt: Uint8Array;
      readonly iterations: number;
    };

/** An exchange that waits for the driver to compute something. */
export interface Computing {
  readonly type: "computing";
  readonly operation: CryptoOperation;
}

export function random(length: number): Computing {
  return { type: "computing", operation: { type: "random", length } };
}

export function hash(name: HashName, data: Uint8Array): Computing {
  return { type: "computing", operation: { type: "hash", hash: name, data } };
}

/** Of a text, its UTF-8 counts. */
export function hmac(name: HashName, key: Uint8Array, data: Uint8Array | string): Computing {
  const octets = typeof data === "string" ? encodeUtf8(data) : data;
  return { type: "computing", operation: { type: "hmac", hash: name, key, data: octets } };
}

export function pbkdf2(name: HashName, password: string, salt: Uint8Array, iterations: number): Computing {
  const operation = { type: "pbkdf2", hash: name, password: encodeUtf8(password), salt, iterations } as const;
  return { type: "computing", operation };
}
