// The argument of BDAT (RFC 3030 §2): how many octets follow the command, and whether they are the last.

import { DIGIT, isIn, octetAt, scanSpaces, SP, startsWithWord, ZERO } from "./abnf.ts";
import { InvalidValueError } from "./invalid-value-error.ts";
import { failure, type Parsed, success } from "./parsed.ts";

/** The argument of BDAT. */
export interface Chunk {
  /** Octets that follow the command at once: 0 to 2^53 - 1. */
  readonly octets: number;
  /** Whether the content ends with them. */
  readonly last: boolean;
}

const lastWord = "LAST";
const malformed = failure("BDAT takes a number of octets, and LAST or nothing");

/**
 * The argument of BDAT from `at` up to `end`. Where it fails, nobody can know how many octets follow: close the
 * connection, since reading them as commands would let content command.
 *
 *     bdat-argument = 1*DIGIT [ 1*SP "LAST" ]     ; in any case
 */
export function parseChunk(octets: Uint8Array, at: number, end: number): Parsed<Chunk> {
  let index = at;
  let size = 0;
  for (; isIn(octetAt(octets, index, end), DIGIT); index++) {
    size = size * 10 + (octetAt(octets, index, end) - ZERO);
    if (size > Number.MAX_SAFE_INTEGER) return failure("BDAT is for too many octets", "tooLong");
  }
  if (index === at) return malformed;
  if (index === end) return success({ octets: size, last: false });
  const word = scanSpaces(octets, index, end);
  const isLast =
    octetAt(octets, index, end) === SP && startsWithWord(octets, word, end, lastWord) && word + lastWord.length === end;
  return isLast ? success({ octets: size, last: true }) : malformed;
}

/** BDAT's argument. Throws `InvalidValueError` unless the octets are a whole number from 0 to 2^53 - 1. */
export function formatChunk({ octets, last }: Chunk): string {
  if (Number.isSafeInteger(octets) && octets >= 0) return last ? `${octets} ${lastWord}` : String(octets);
  throw new InvalidValueError(`Chunk of ${octets} octets`, "It is no whole number from 0", "Pass its length");
}
