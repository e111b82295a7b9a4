// Passwords as the configuration keeps them: in clear, or hashed with scrypt (RFC 7914) and written `scrypt:SALT:HASH`.

import { createHash, randomBytes, scrypt, timingSafeEqual } from "node:crypto";

const hashedPrefix = "scrypt:";
const saltLength = 16;
const hashLength = 32;
// The parameters are not written with the hash: one cost for all is what keeps users apart from nobody by no clock.
const cost = { N: 2 ** 15, r: 8, p: 1, maxmem: 64 * 1024 * 1024 };

export interface StoredPassword {
  /** Present where the configuration holds a hash: comparing with it takes about a tenth of a second. */
  readonly salt?: Buffer;
  readonly digest: Buffer;
}

/** `scrypt:SALT:HASH` for the configuration file, both in base64url, with a new random salt at each call. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(saltLength);
  const digest = await slowDigest(password, salt);
  return `${hashedPrefix}${salt.toString("base64url")}:${digest.toString("base64url")}`;
}

/** Whether the configuration has this password's hash in its place. */
export function isHashed(text: string): boolean {
  return text.startsWith(hashedPrefix);
}

/**
 * Reads a password of the configuration: `scrypt:SALT:HASH`, else the password itself.
 * Throws `RangeError` if it is empty, or if it begins with `scrypt:` and is no such hash.
 */
export function parseStoredPassword(text: string): StoredPassword {
  if (text === "") throw new RangeError("a password cannot be empty");
  if (!isHashed(text)) return { digest: fastDigest(text) };
  const [salt = "", digest = "", ...rest] = text.slice(hashedPrefix.length).split(":");
  const stored = { salt: Buffer.from(salt, "base64url"), digest: Buffer.from(digest, "base64url") };
  if (rest.length > 0 || stored.salt.length < saltLength || stored.digest.length !== hashLength) {
    throw new RangeError("a hashed password is written scrypt:SALT:HASH, as `carteiro hash-password` prints it");
  }
  return stored;
}

/** Whether this is the password, in a time that does not depend on how much of it is right. */
export async function passwordMatches(stored: StoredPassword, password: string): Promise<boolean> {
  const digest = stored.salt === undefined ? fastDigest(password) : await slowDigest(password, stored.salt);
  return timingSafeEqual(digest, stored.digest);
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
