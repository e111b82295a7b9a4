// What sessions and mechanisms need computed, by Node and at once; what is random is the same at each run.

import { createHash, createHmac, pbkdf2Sync } from "node:crypto";
import type { CryptoOperation } from "@carteiro/core";

export type Execute = (operation: CryptoOperation) => Uint8Array;

/** Carries operations out. What is random comes from the list, one entry for each time, and after it from the seed. */
export function executor(seed = "", ...randoms: readonly Uint8Array[]): Execute {
  let count = 0;
  return (operation) => {
    switch (operation.type) {
      case "random":
        return (
          randoms[count++] ??
          octets(createHash("sha512").update(`${seed} ${count}`).digest()).slice(0, operation.length)
        );
      case "hash":
        return octets(createHash(operation.hash).update(operation.data).digest());
      case "hmac":
        return octets(createHmac(operation.hash, operation.key).update(operation.data).digest());
      case "pbkdf2":
        return octets(stretched(operation));
    }
  };
}

const known = new Map<string, Uint8Array>();

/** PBKDF2 is slow by intention, and tests ask for the same again and again. */
function stretched({ hash, password, salt, iterations }: CryptoOperation & { type: "pbkdf2" }): Uint8Array {
  const asked = [hash, Buffer.from(password).toString("hex"), Buffer.from(salt).toString("hex"), iterations].join();
  const result = known.get(asked) ?? pbkdf2Sync(password, salt, iterations, createHash(hash).digest().length, hash);
  known.set(asked, result);
  return result;
}

/** Octets of no class but their own, so that a comparison of values looks at octets alone. */
export function octets(buffer: Uint8Array): Uint8Array {
  return Uint8Array.from(buffer);
}

/** Random octets that make this nonce, which must be of base64's characters. */
export function octetsOfNonce(nonce: string): Uint8Array {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  return Uint8Array.from(nonce, (char) => alphabet.indexOf(char));
}
