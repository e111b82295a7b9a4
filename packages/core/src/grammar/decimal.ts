// Numbers in decimal digits, as parameters, command arguments and headers have them.

import { DIGIT, isIn } from "./abnf.ts";

/**
 * The number, leading zeros or not; `undefined` for anything else. `longest` is at most 15, what a `number` can hold.
 *
 *     decimal = 1*longestDIGIT
 */
export function parseDecimal(text: string, longest: number): number | undefined {
  if (text.length === 0 || text.length > longest) return undefined;
  for (let at = 0; at < text.length; at++) {
    if (!isIn(text.charCodeAt(at), DIGIT)) return undefined;
  }
  return Number(text);
}

/**
 * The same without a leading zero, for where one would be refused or read as octal.
 *
 *     plain-decimal = "0" / ( %x31-39 *DIGIT )
 */
export function parsePlainDecimal(text: string, longest: number): number | undefined {
  return text.length > 1 && text.startsWith("0") ? undefined : parseDecimal(text, longest);
}
