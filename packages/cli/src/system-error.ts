// What the system says of a call that failed, and how a command ends that cannot go on.

import type { ExitCode } from "./sysexits.ts";

/** A command cannot begin, or go on. The message is for the user, who is to mend what it names. */
export class CommandError extends Error {
  override readonly name = "CommandError";
  readonly exitCode: ExitCode;

  constructor(exitCode: ExitCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.exitCode = exitCode;
  }
}

/** The code of a system's error, for example `ENOSPC`, or of another that has one. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}

/** What an error says, in one line; the errors of several attempts are named one after the other. */
export function errorMessage(error: unknown): string {
  if (error instanceof AggregateError && error.message === "") return error.errors.map(errorMessage).join("; ");
  if (!(error instanceof Error)) return String(error);
  // What OpenSSL says is lines of addresses and file names around this one phrase.
  return "reason" in error && typeof error.reason === "string" ? error.reason : error.message;
}
