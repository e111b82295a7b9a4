// SCRAM's keys as text, for files and databases, in the form of RFC 5803 §2 that PostgreSQL uses, too.

import { decodeBase64, encodeBase64 } from "./base64.ts";
import type { ScramHash, ScramKeys } from "./mechanism.ts";
import { scramHashLengths } from "./scram-keys.ts";

/** Keys, and the hash that they are for. */
export interface NamedScramKeys {
  readonly hash: ScramHash;
  readonly keys: ScramKeys;
}

const scheme = "SCRAM-";
/** What the other side of an exchange can be made to compute, at the most. */
const mostIterations = 999_999_999;

/** `SCRAM-SHA-256$4096:SALT$STOREDKEY:SERVERKEY`, octets in base64. */
export function formatScramKeys({ hash, keys }: NamedScramKeys): string {
  const { iterations, salt, storedKey, serverKey } = keys;
  const authentication = `${encodeBase64(storedKey)}:${encodeBase64(serverKey)}`;
  return `${scheme}${hash}$${iterations}:${encodeBase64(salt)}$${authentication}`;
}

/**
 * What such a text holds, or `undefined`.
 *
 *     scram-mech = "SCRAM-SHA-1" / "SCRAM-SHA-256" / "SCRAM-SHA-512"
 *     keys       = scram-mech "$" iterations ":" salt "$" stored-key ":" server-key      ; no white space
 */
export function parseScramKeys(text: string): NamedScramKeys | undefined {
  const [mechanism = "", information = "", authentication = "", ...rest] = text.split("$");
  const hash = mechanism.startsWith(scheme) ? mechanism.slice(scheme.length) : "";
  if (rest.length > 0 || !isScramHash(hash)) return undefined;
  const [count = "", salt = "", ...more] = information.split(":");
  const [stored = "", server = "", ...others] = authentication.split(":");
  const iterations = Number(count);
  const isCount = String(iterations) === count && Number.isInteger(iterations) && iterations > 0;
  if (more.length + others.length > 0 || !isCount || iterations > mostIterations) return undefined;
  const octets = { salt: decodeBase64(salt), storedKey: decodeBase64(stored), serverKey: decodeBase64(server) };
  const length = scramHashLengths[hash];
  if (octets.salt === undefined || octets.salt.length === 0) return undefined;
  if (octets.storedKey?.length !== length || octets.serverKey?.length !== length) return undefined;
  const { storedKey, serverKey } = octets;
  return { hash, keys: { iterations, salt: octets.salt, storedKey, serverKey } };
}

function isScramHash(text: string): text is ScramHash {
  return Object.hasOwn(scramHashLengths, text);
}
