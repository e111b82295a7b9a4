// Passwords as the configuration keeps them: in clear; hashed with scrypt (RFC 7914) and written `scrypt:SALT:HASH`; or as the
// keys of SCRAM-SHA-256, written as RFC 5803 has it, which let a client log in without showing its password.

import { createHash, randomBytes, scrypt, timingSafeEqual } from "node:crypto";

import { areSameOctets, deriveScramKeys, formatScramKeys, parseScramKeys, type ScramKeys } from "@carteiro/core";
import { nodeCompute } from "@carteiro/node";

const hashedPrefix = "scrypt:";
const scramPrefix = "SCRAM-";
/** One hash for all: a client takes the strongest that is offered, and it must fit every user. */
const scramHash = "SHA-256";
const saltLength = 16;
const hashLength = 32;
// The parameters are not written with the hash: one cost for all is what keeps users apart from nobody by no clock.
const cost = { N: 2 ** 15, r: 8, p: 1, maxmem: 64 * 1024 * 1024 };

export type StoredPassword =
  | { readonly kind: "clear"; readonly password: string }
  /** Comparing with it takes about a tenth of a second. */
  | { readonly kind: "scrypt"; readonly salt: Buffer; readonly digest: Buffer }
  /** Comparing with it takes some milliseconds. */
  | { readonly kind: "scram"; readonly keys: ScramKeys };

/** By what it takes to compare with it, the quickest first. */
export const passwordKinds = ["clear", "scram", "scrypt"] as const satisfies readonly StoredPassword["kind"][];

/** `scrypt:SALT:HASH` for the configuration file, both in base64url, with a new random salt at each call. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(saltLength);
  const digest = await slowDigest(password, salt);
  return `${hashedPrefix}${salt.toString("base64url")}:${digest.toString("base64url")}`;
}

/** `SCRAM-SHA-256$…` for the configuration file, with a new random salt at each call. Rejects with `RangeError` for a password that is none (RFC 4013). */
export async function scramPassword(password: string): Promise<string> {
  return formatScramKeys({ hash: scramHash, keys: await scramKeys(password) });
}

/** The password's keys; those of a salt are always the same. Rejects as `scramPassword` does. */
export async function scramKeys(password: string, salted?: Pick<ScramKeys, "salt" | "iterations">): Promise<ScramKeys> {
  const derivation = deriveScramKeys({ hash: scramHash, password, ...salted });
  let step = derivation.next();
  while (step.done !== true) step = derivation.next((await nodeCompute(step.value.operation)) ?? new Uint8Array(0));
  if (step.value === undefined) throw new RangeError("A password is not empty, and has no control characters");
  return step.value;
}

/** Whether the configuration has something else in the password's place. */
export function isHashed(text: string): boolean {
  return text.startsWith(hashedPrefix) || text.startsWith(scramPrefix);
}

/**
 * Reads a password of the configuration: `scrypt:SALT:HASH`, `SCRAM-SHA-256$…`, else the password itself.
 * Throws `RangeError` if it is empty, or if it begins with `scrypt:` or `SCRAM-` and is no such thing.
 */
export function parseStoredPassword(text: string): StoredPassword {
  if (text === "") throw new RangeError("a password cannot be empty");
  if (text.startsWith(scramPrefix)) return parseScramPassword(text);
  if (!isHashed(text)) return { kind: "clear", password: text };
  const [salt = "", digest = "", ...rest] = text.slice(hashedPrefix.length).split(":");
  const stored = { salt: Buffer.from(salt, "base64url"), digest: Buffer.from(digest, "base64url") };
  if (rest.length > 0 || stored.salt.length < saltLength || stored.digest.length !== hashLength) {
    throw new RangeError("a hashed password is written scrypt:SALT:HASH, as `carteiro hash-password` prints it");
  }
  return { kind: "scrypt", ...stored };
}

function parseScramPassword(text: string): StoredPassword {
  const named = parseScramKeys(text);
  if (named?.hash !== scramHash)
    throw new RangeError("SCRAM's keys are written SCRAM-SHA-256$…, as `carteiro hash-password --scram` prints them");
  return { kind: "scram", keys: named.keys };
}

/** Whether this is the password, in a time that does not depend on how much of it is right. */
export async function passwordMatches(stored: StoredPassword, password: string): Promise<boolean> {
  switch (stored.kind) {
    case "clear":
      return timingSafeEqual(fastDigest(password), fastDigest(stored.password));
    case "scrypt":
      return timingSafeEqual(await slowDigest(password, stored.salt), stored.digest);
    case "scram": {
      const keys = await scramKeys(password, stored.keys).catch(() => undefined);
      return keys !== undefined && areSameOctets(keys.storedKey, stored.keys.storedKey);
    }
  }
}

/** Equal texts typed on different keyboards are equal passwords (RFC 8265 §4.2). */
function octets(password: string): Buffer {
  return Buffer.from(password.normalize("NFC"));
}

/** Brings passwords of all lengths to one length, so that they can be compared in constant time; it protects nothing. */
function fastDigest(password: string): Buffer {
  return createHash("sha256").update(octets(password)).digest();
}

function slowDigest(password: string, salt: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(octets(password), salt, hashLength, cost, (error, digest) => (error ? reject(error) : resolve(digest)));
  });
}
