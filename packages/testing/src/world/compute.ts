// What sessions need computed, without WebCrypto, whose threads answer when they like: the same octets at the same point of
// every run. The randomness is none that would keep a secret.

import type { CryptoOperation, HashName } from "@carteiro/core";
import type { Compute } from "@carteiro/driver";
import { hmac } from "@noble/hashes/hmac.js";
import { md5, sha1 } from "@noble/hashes/legacy.js";
import { pbkdf2 } from "@noble/hashes/pbkdf2.js";
import { sha256, sha512 } from "@noble/hashes/sha2.js";
import type { CHash } from "@noble/hashes/utils.js";
import type { Random } from "./random.ts";

const hashes: Readonly<Record<HashName, CHash>> = {
  MD5: md5,
  "SHA-1": sha1,
  "SHA-256": sha256,
  "SHA-512": sha512,
};

/** Computes at once, and draws from the numbers given. */
export function computeWith(random: Random): Compute {
  return async (operation) => result(operation, random);
}

function result(operation: CryptoOperation, random: Random): Uint8Array {
  if (operation.type === "random") return random.octets(operation.length);
  const hash = hashes[operation.hash];
  switch (operation.type) {
    case "hash":
      return hash(operation.data);
    case "hmac":
      return hmac(hash, operation.key, operation.data);
    case "pbkdf2": {
      const { password, salt, iterations } = operation;
      return pbkdf2(hash, password, salt, { c: iterations, dkLen: hash.outputLen });
    }
  }
}
