// Verbs of other protocols. A browser made to POST to an SMTP port sends header lines first, and commands of an
// attacker's choice in the body: the session ends at the first line.

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

/** Whether a verb, upper case, is another protocol's: HTTP's, mostly. */
export function isForeign(verb: string): boolean {
  return foreignVerbs.has(verb);
}
