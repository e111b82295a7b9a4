// The error for a value of the caller's that SMTP cannot carry: thrown before anything reaches the wire.

const shownLength = 80;

/** The caller passed a value that cannot be sent. The message names the value, the problem, and the way out. */
export class InvalidValueError extends TypeError {
  override readonly name = "InvalidValueError";

  constructor(thing: string, problem: string, wayOut: string) {
    super(`${thing}: ${problem}. ${wayOut}.`);
  }
}

/** A caller's value as it may stand in a message: quoted, escaped, cut. Not for secrets. */
export function shown(value: string): string {
  return JSON.stringify(value.length > shownLength ? `${value.slice(0, shownLength)}...` : value);
}
