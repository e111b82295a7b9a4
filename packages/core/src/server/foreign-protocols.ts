// Lines of other protocols. A browser made to POST to an SMTP port sends header lines first, and commands of an
// attacker's choice in the body; a TLS client may be made to send them in its handshake, behind a line end of its session
// ticket. The session ends at the first line.

import { CONTROL, HTAB, isIn, SP } from "../grammar/abnf.ts";
import type { Reply } from "../grammar/reply.ts";
import { checkReplies } from "./replies.ts";

const foreignVerbs: ReadonlySet<string> = new Set([
  "GET",
  "HEAD",
  "POST",
  "PUT",
  "PATCH",
  "DELETE",
  "OPTIONS",
  "CONNECT",
  "TRACE",
  "PRI",
  "HOST:",
  "USER-AGENT:",
  "CONTENT-TYPE:",
  "CONTENT-LENGTH:",
  "INVITE",
  "REGISTER",
]);

/**
 * The reply with which the session ends where a line that is no command is another protocol's: by its verb, in upper
 * case, or since it does not begin with text.
 */
export function refuseForeign(verb: string, line: Uint8Array): Reply | undefined {
  if (foreignVerbs.has(verb)) return checkReplies.foreignProtocol;
  const first = line[0] ?? SP;
  return isIn(first, CONTROL) && first !== HTAB ? checkReplies.noText : undefined;
}
