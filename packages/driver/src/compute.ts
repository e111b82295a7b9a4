// What sessions need computed, by WebCrypto, which every runtime has. It knows no MD5: a platform that does may hand in
// its own `Compute`.

import type { CryptoOperation, HashName } from "@carteiro/core";

/** Carries out an operation; `undefined`, or a rejection: it cannot be had here. Never called for two results of one number. */
export type Compute = (operation: CryptoOperation) => Promise<Uint8Array | undefined>;

/** Octets of each hash. */
const lengths: Readonly<Partial<Record<HashName, number>>> = { "SHA-1": 20, "SHA-256": 32, "SHA-512": 64 };

export const webCompute: Compute = async (operation) => {
  if (operation.type === "random") return crypto.getRandomValues(new Uint8Array(operation.length));
  const length = lengths[operation.hash];
  if (length === undefined) return undefined;
  const { subtle } = crypto;
  switch (operation.type) {
    case "hash":
      return new Uint8Array(await subtle.digest(operation.hash, owned(operation.data)));
    case "hmac": {
      const algorithm = { name: "HMAC", hash: operation.hash };
      const key = await subtle.importKey("raw", owned(operation.key), algorithm, false, ["sign"]);
      return new Uint8Array(await subtle.sign("HMAC", key, owned(operation.data)));
    }
    case "pbkdf2": {
      const { hash, iterations } = operation;
      const key = await subtle.importKey("raw", owned(operation.password), "PBKDF2", false, ["deriveBits"]);
      const algorithm = { name: "PBKDF2", hash, iterations, salt: owned(operation.salt) };
      return new Uint8Array(await subtle.deriveBits(algorithm, key, length * 8));
    }
  }
};

/** WebCrypto takes no view of memory that may be shared. */
function owned(octets: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(octets);
}

/** What an adapter throws although it ought to reject is a rejection. */
export function promised<Result>(act: () => Promise<Result>): Promise<Result> {
  try {
    return act();
  } catch (error) {
    return Promise.reject(error);
  }
}
