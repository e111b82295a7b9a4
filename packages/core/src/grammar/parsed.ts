// What a parser gives back, and the brand that keeps a value which was never parsed or checked out of a command.

declare const brand: unique symbol;

/**
 * Marks a value that only a parser or a constructor function of this folder makes. It is plain data, and the mark is
 * seen by the compiler alone: whatever carries it has no CR, LF, NUL or unquoted delimiter that could reach the wire.
 */
export interface Branded<Name extends string> {
  readonly [brand]: Name;
}

/**
 * Why something did not parse: `syntax`: it breaks the grammar; `utf8`: it would parse if SMTPUTF8 (RFC 6531) applied;
 * `tooLong`: it is within the grammar and over a limit.
 */
export type ProblemKind = "syntax" | "utf8" | "tooLong";

export interface Failure {
  readonly ok: false;
  readonly kind: ProblemKind;
  /** An English phrase, fit for the text of a 501 reply: ASCII, one line, and nothing of what the peer sent. */
  readonly problem: string;
}

export interface Success<Value> {
  readonly ok: true;
  readonly value: Value;
}

export type Parsed<Value> = Success<Value> | Failure;

export function success<Value>(value: Value): Success<Value> {
  return { ok: true, value };
}

export function failure(problem: string, kind: ProblemKind = "syntax"): Failure {
  return { ok: false, kind, problem };
}
