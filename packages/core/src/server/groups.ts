// Which commands a client may send in a group, without waiting for the answer to each (RFC 2920).

import type { Verb } from "../grammar/command.ts";

/** HELP is not named there, and may be answered at any length. */
const last: ReadonlySet<string> = new Set(["EHLO", "HELO", "LHLO", "DATA", "AUTH", "VRFY", "EXPN", "NOOP", "HELP"]);

/** Whether nothing may follow the command until it is answered (RFC 2920 §3.1, RFC 4954 §4). */
export function endsGroup(verb: Verb): boolean {
  return last.has(verb);
}
