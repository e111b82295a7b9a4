// Users by the keys that SCRAM needs, never by their passwords: what a server can log them in with by SCRAM, PLAIN and
// LOGIN, and nobody who reads it can.

import {
  areSameOctets,
  deriveScramKeys,
  saslPrep,
  type CryptoOperation,
  type ScramHash,
  type ScramKeys,
  type ScramKeysRequest,
} from "@carteiro/core";
import { webCompute, type Compute } from "./compute.ts";
import { checkedIterations, keysFound } from "./findings.ts";

/** A user's keys, by the hash that they are for. */
export type UserKeys = Readonly<Partial<Record<ScramHash, ScramKeys>>>;

/** Knows users by their keys. */
export interface KeyStore {
  /** The hashes for which every user has keys, at least one: SCRAM is offered with these. */
  readonly hashes: readonly ScramHash[];
  /** Iterations of the keys: users who do not exist seem to have as many. */
  readonly iterations: number;
  /** The user's keys for one of these hashes; nothing for a user who does not exist. The name is prepared by SASLprep. */
  keys(user: string, hash: ScramHash): ScramKeys | undefined | Promise<ScramKeys | undefined>;
}

/** The strongest first. */
const allHashes: readonly ScramHash[] = ["SHA-512", "SHA-256", "SHA-1"];
const usualIterations = 10_000;

export interface DeriveKeysOptions {
  /** Default: all. */
  readonly hashes?: readonly ScramHash[];
  /** What it costs to try a password, on either side. Default: 10,000; the same for all users, or it tells them apart. */
  readonly iterations?: number;
  /** Default: WebCrypto. */
  readonly compute?: Compute;
}

/**
 * Makes of a password what is to be kept in its place; another each time. Throws `RangeError` for a password that is empty
 * or has characters that none may have (RFC 4013), and for iterations that are none; and what `compute` throws.
 */
export async function deriveKeys(password: string, options: DeriveKeysOptions = {}): Promise<UserKeys> {
  const { hashes = allHashes, iterations = usualIterations, compute = webCompute } = options;
  checkedIterations("iterations", iterations);
  const derived = await Promise.all(
    hashes.map(async (hash) => [hash, await derive({ hash, password, iterations }, compute)] as const),
  );
  if (derived.some(([, keys]) => keys === undefined))
    throw new RangeError("A password is not empty, and has no control characters: choose another");
  return Object.fromEntries(derived);
}

/**
 * Keeps users in memory. Throws `RangeError` where they have keys for no hash in common: derive the keys of all for the
 * same hashes.
 */
export function memoryKeyStore(users: Readonly<Record<string, UserKeys>>): KeyStore {
  const kept = new Map(Object.entries(users).map(([user, keys]) => [saslPrep(user) ?? user, keys]));
  const all = Array.from(kept.values());
  const hashes = allHashes.filter((hash) => all.every((keys) => keys[hash] !== undefined));
  if (hashes.length === 0)
    throw new RangeError("users: no hash has keys of all users; derive them for the same hashes");
  const iterations = all.map((keys) => hashes.map((hash) => keys[hash]?.iterations ?? 0)).flat();
  return {
    hashes,
    iterations: mostFrequent(iterations) ?? usualIterations,
    keys: (user, hash) => kept.get(user)?.[hash],
  };
}

export interface PasswordCheck {
  /** As the client gave it. */
  readonly user: string;
  readonly password: string;
  /** Makes the salts of users who do not exist. */
  readonly secret: Uint8Array;
  readonly compute: Compute;
}

/** Whether it is the user's password. That nobody has the name takes as long to find out. */
export async function isPassword(
  store: KeyStore,
  { user, password, secret, compute }: PasswordCheck,
): Promise<boolean> {
  const [hash = "SHA-256"] = store.hashes;
  const name = saslPrep(user) ?? "";
  const found = name === "" ? undefined : keysFound("authentication.users", hash, await store.keys(name, hash));
  const salt = found?.salt ?? (await saltOf(name, hash, { secret, compute }));
  const iterations = found?.iterations ?? checkedIterations("authentication.users.iterations", store.iterations);
  const derived = await derive({ hash, password, salt, iterations }, compute);
  return derived !== undefined && found !== undefined && areSameOctets(derived.storedKey, found.storedKey);
}

async function saltOf(user: string, hash: ScramHash, { secret, compute }: Pick<PasswordCheck, "secret" | "compute">) {
  const data = new TextEncoder().encode(`${hash}\0${user}`);
  return (await carriedOut({ type: "hmac", hash: "SHA-256", key: secret, data }, compute)).slice(0, 16);
}

async function derive(request: ScramKeysRequest, compute: Compute): Promise<ScramKeys | undefined> {
  const derivation = deriveScramKeys(request);
  let step = derivation.next();
  while (step.done !== true) step = derivation.next(await carriedOut(step.value.operation, compute));
  return step.value;
}

async function carriedOut(operation: CryptoOperation, compute: Compute): Promise<Uint8Array> {
  const result = await compute(operation);
  if (result === undefined) throw new Error(`${operation.type} cannot be computed here`);
  return result;
}

function mostFrequent(numbers: readonly number[]): number | undefined {
  const counts = new Map<number, number>();
  for (const number of numbers) counts.set(number, (counts.get(number) ?? 0) + 1);
  return Array.from(counts).toSorted(([, first], [, second]) => second - first)[0]?.[0];
}
