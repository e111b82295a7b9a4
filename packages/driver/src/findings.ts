// What handlers and stores answer about credentials, held to what it must be: a mistake is never a yes.

import { scramHashLengths, type OAuthError, type ScramHash, type ScramKeys } from "@carteiro/core";

/** More than anybody waits for: 10 million take seconds, and 2 ** 31 end the process in native code. */
export const mostIterations = 10_000_000;

/** A name or a password, or nothing. Throws `TypeError`, which names the handler, for whatever else it is. */
export function textFound(handler: string, found: unknown): string | undefined {
  if (found === undefined || isText(found)) return found;
  throw new TypeError(
    `${handler} answered ${shown(found)}: give a text that is not empty and has no control characters, or nothing`,
  );
}

/** As `textFound`, or why a token is no good. */
export function verdictFound(handler: string, found: unknown): string | OAuthError | undefined {
  return isOAuthError(found) ? found : textFound(handler, found);
}

/** Keys, or nothing. Throws `TypeError`, which names who gave them, for keys that are none. */
export function keysFound<Keys extends ScramKeys>(
  giver: string,
  hash: ScramHash,
  found: Keys | undefined,
): Keys | undefined {
  if (found === undefined || areKeys(found, hash)) return found;
  throw new TypeError(
    `${giver} answered what are no keys of SCRAM-${hash}: give what deriveKeys makes, or nothing for an unknown user`,
  );
}

/** Throws `RangeError`, which names it, for a number of iterations that is none. */
export function checkedIterations(where: string, iterations: number): number {
  if (areIterations(iterations)) return iterations;
  throw new RangeError(`${where} is ${String(iterations)}: give a whole number from 1 to ${mostIterations}`);
}

function areKeys(found: unknown, hash: ScramHash): boolean {
  if (typeof found !== "object" || found === null) return false;
  const { salt, iterations, storedKey, serverKey }: { readonly [Name in keyof ScramKeys]?: unknown } = found;
  const isKey = (key: unknown) => key instanceof Uint8Array && key.length === scramHashLengths[hash];
  return (
    salt instanceof Uint8Array && salt.length > 0 && areIterations(iterations) && isKey(storedKey) && isKey(serverKey)
  );
}

function areIterations(given: unknown): boolean {
  return typeof given === "number" && Number.isInteger(given) && given > 0 && given <= mostIterations;
}

function isOAuthError(found: unknown): found is OAuthError {
  if (typeof found !== "object" || found === null) return false;
  const { status, ...more }: { readonly [Name in keyof OAuthError]?: unknown } = found;
  const rest = [more.scope, more.schemes, more.openidConfiguration];
  return isText(status) && rest.every((text) => text === undefined || typeof text === "string");
}

function isText(found: unknown): found is string {
  return typeof found === "string" && found !== "" && !Array.from(found).some(isControl);
}

function isControl(character: string): boolean {
  return character < " " || (character >= "\x7F" && character < "\xA0");
}

/** Never a text itself: it may be a password. */
function shown(found: unknown): string {
  if (typeof found === "string") return found === "" ? "an empty text" : "a text with control characters";
  return found === null || typeof found === "boolean" || typeof found === "number"
    ? String(found)
    : `an ${typeof found}`;
}
