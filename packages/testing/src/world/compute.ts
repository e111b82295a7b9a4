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
  return async (operation) => {
    switch (operation.type) {
      case "random":
        return random.octets(operation.length);
      case "hash":
        return hashes[operation.hash](operation.data);
      case "hmac":
        return hmac(hashes[operation.hash], operation.key, operation.data);
      case "pbkdf2":
        return derivedKey(operation);
    }
  };
}

type Derivation = Extract<CryptoOperation, { type: "pbkdf2" }>;

/** Tests use the same few passwords over and over, and this is slow by intention. */
const derived = new Map<string, Uint8Array>();
const derivedAtMost = 256;

function derivedKey({ hash: name, password, salt, iterations }: Derivation): Uint8Array {
  const key = [name, iterations, password, salt].join(" ");
  const known = derived.get(key);
  if (known !== undefined) return new Uint8Array(known);
  const hash = hashes[name];
  const fresh = pbkdf2(hash, password, salt, { c: iterations, dkLen: hash.outputLen });
  if (derived.size >= derivedAtMost) derived.clear();
  derived.set(key, fresh);
  return new Uint8Array(fresh);
}
