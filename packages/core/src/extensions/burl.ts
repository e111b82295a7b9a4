// BURL (RFC 4468): content that the server is to fetch from an IMAP server by its URL.

import { startsWithWord } from "../grammar/abnf.ts";
import { scanUri } from "../grammar/content-reference.ts";
import { InvalidValueError, shown } from "../grammar/invalid-value-error.ts";
import { encodeUtf8 } from "../grammar/text.ts";
import type { Extension } from "./extension.ts";

export { type ContentReference, formatContentReference, parseContentReference } from "../grammar/content-reference.ts";

/**
 * Announces where URLs may point to, for example `imap` or `imap://imap.example.org`. Announce none before the client
 * has authenticated (RFC 4468 §3). Throws `InvalidValueError` for what is neither.
 */
export function burl(sources: readonly string[] = []): Extension {
  const odd = sources.find((source) => !isSource(source));
  if (odd !== undefined) {
    throw new InvalidValueError(`URL source ${shown(odd)}`, "It is neither imap nor an imap URL", "Pass imap");
  }
  return { keyword: "BURL", announce: () => ["BURL", ...sources].join(" ") };
}

/**
 *     burl-param = "imap" / ( "imap://" authority )
 */
function isSource(source: string): boolean {
  const octets = encodeUtf8(source);
  const isUrl = startsWithWord(octets, 0, octets.length, "IMAP://") && octets.length > "imap://".length;
  return source.toLowerCase() === "imap" || (isUrl && scanUri(octets, 0, octets.length) === octets.length);
}
