// REQUIRETLS (RFC 8689): a message that is to be passed on over verified TLS alone. Known under TLS alone.

import { CR, HTAB, LF, SP, startsWithWord } from "../grammar/abnf.ts";
import { upperWord } from "../grammar/printable.ts";
import { reply } from "../grammar/reply.ts";
import { decodeAscii } from "../grammar/text.ts";
import type { Extension } from "./extension.ts";

const malformed = reply(501, "5.5.4", "REQUIRETLS takes no value");
const insecure = reply(530, "5.7.10", "REQUIRETLS needs TLS: send STARTTLS first");

export const requireTls: Extension = {
  keyword: "REQUIRETLS",
  announce: ({ secured }) => (secured ? "REQUIRETLS" : undefined),
  mailParameters: {
    REQUIRETLS(value, { secured }) {
      if (value !== undefined) return { refused: malformed };
      return secured ? { typed: { requireTls: true } } : { refused: insecure };
    },
  },
};

const fieldName = "TLS-REQUIRED:";

/**
 * Whether a message asks to be passed on even where TLS cannot be had or verified: its header has `TLS-Required: No`,
 * once (RFC 8689 §4). Takes the octets of the header, with or without what follows it. REQUIRETLS at MAIL overrules it.
 *
 *     tls-required = "TLS-Required:" [FWS] "No" [FWS] CRLF     ; in any case
 */
export function tlsRequiredNo(header: Uint8Array): boolean {
  const values: string[] = [];
  for (let at = 0; at < header.length && !isLineBreak(header[at]);) {
    const end = fieldEnd(header, at);
    if (startsWithWord(header, at, end, fieldName)) values.push(decodeAscii(header, at + fieldName.length, end).trim());
    at = end;
  }
  return values.length === 1 && upperWord(values[0]) === "NO";
}

function isLineBreak(octet: number | undefined): boolean {
  return octet === CR || octet === LF;
}

/** Index after the field's last line: lines that begin with white space go on. */
function fieldEnd(octets: Uint8Array, at: number): number {
  let end = at;
  do {
    const lineFeed = octets.indexOf(LF, end);
    if (lineFeed < 0) return octets.length;
    end = lineFeed + 1;
  } while (octets[end] === SP || octets[end] === HTAB);
  return end;
}
