// Extensions that cannot stand beside each other: whose a keyword, a parameter or a verb is must be certain.

import { InvalidValueError } from "../grammar/invalid-value-error.ts";
import type { Extension } from "./extension.ts";

/** Throws `InvalidValueError` where two of them have a name in common. */
export function refuseTwins(extensions: readonly Extension[]): void {
  const names = extensions.flatMap(({ keyword, mailParameters = {}, recipientParameters = {}, verbs = {} }) => [
    `keyword ${keyword}`,
    ...Object.keys(mailParameters).map((name) => `parameter ${name} of MAIL`),
    ...Object.keys(recipientParameters).map((name) => `parameter ${name} of RCPT`),
    ...Object.keys(verbs).map((name) => `verb ${name}`),
  ]);
  const seen = new Set<string>();
  for (const name of names) {
    if (seen.has(name)) throw new InvalidValueError(`extensions: ${name}`, "Two of them have it", "Leave one out");
    seen.add(name);
  }
}
