// The rules for options that are words or switches: they may come from JSON or from code without types, and one that is
// misspelt must not pass for a weaker one.

import { InvalidValueError, shown } from "./invalid-value-error.ts";

/**
 * Gives a word among the options back; `undefined`, not given, becomes `otherwise`. Throws `InvalidValueError`, which names
 * the option and the words, for any other.
 */
export function oneOf<Word extends string>(
  name: string,
  value: Word | undefined,
  words: readonly Word[],
  otherwise: Word,
): Word {
  return value === undefined ? otherwise : mustBeOneOf(name, value, words);
}

/** Gives the word back. Throws `InvalidValueError` as `oneOf` does. */
export function mustBeOneOf<Word extends string>(name: string, value: Word, words: readonly Word[]): Word {
  if (words.includes(value)) return value;
  throw noneOf(name, value, words);
}

/** Gives a switch back; `undefined`, not given, becomes `otherwise`. Throws `InvalidValueError` for what is no boolean. */
export function trueOrFalse(name: string, value: boolean | undefined, otherwise: boolean): boolean {
  if (value === undefined || typeof value === "boolean") return value ?? otherwise;
  throw noneOf(name, value, ["true", "false"]);
}

function noneOf(name: string, value: unknown, words: readonly string[]): InvalidValueError {
  const said = typeof value === "string" ? shown(value) : String(value);
  return new InvalidValueError(`${name} ${said}`, "There is no such choice", `Pass ${words.join(" or ")}`);
}
