// What SCRAM makes of a password (RFC 5802 §3), for servers that keep keys instead of passwords.

import { hash as hashed, hmac, pbkdf2, random, type Computing } from "./crypto-operation.ts";
import type { ScramHash, ScramKeys } from "./mechanism.ts";
import { saslPrep } from "./saslprep.ts";

export const scramHashLengths: Readonly<Record<ScramHash, number>> = { "SHA-1": 20, "SHA-256": 32, "SHA-512": 64 };

/** Octets of salt that are drawn for new keys; unknown users seem to have as many. */
export const saltLength = 16;

/** Iterations for new keys, unless something else is asked for; RFC 7677 §4 demands 4,096 and wishes for more. */
export const defaultIterations = 10_000;

export interface ScramKeysRequest {
  readonly hash: ScramHash;
  readonly password: string;
  /** Default: `saltLength` random octets. Give that of stored keys to check a password against them. */
  readonly salt?: Uint8Array;
  /** Default: `defaultIterations`. */
  readonly iterations?: number;
}

/**
 * A password's keys, step by step: yields each operation and is given its result back; the driver runs it to its end.
 * `undefined` where the password is empty or holds a prohibited character (RFC 4013).
 */
export function* deriveScramKeys(request: ScramKeysRequest): Generator<Computing, ScramKeys | undefined, Uint8Array> {
  const { hash, iterations = defaultIterations } = request;
  const password = saslPrep(request.password);
  if (password === undefined || password === "") return undefined;
  const salt = request.salt ?? (yield random(saltLength));
  const salted = yield pbkdf2(hash, password, salt, iterations);
  const storedKey = yield hashed(hash, yield clientKeyOf(hash, salted));
  return { salt, iterations, storedKey, serverKey: yield serverKeyOf(hash, salted) };
}

export function clientKeyOf(hash: ScramHash, saltedPassword: Uint8Array): Computing {
  return hmac(hash, saltedPassword, "Client Key");
}

export function serverKeyOf(hash: ScramHash, saltedPassword: Uint8Array): Computing {
  return hmac(hash, saltedPassword, "Server Key");
}
