// BINARYMIME (RFC 3030 §3): content of any octets, declared by BODY= at MAIL and sent by BDAT alone.

import { upperWord } from "../grammar/printable.ts";
import { reply } from "../grammar/reply.ts";
import type { Extension, MailParameters } from "./extension.ts";

const malformed = reply(501, "5.5.4", "BODY takes 7BIT, 8BITMIME or BINARYMIME");

/**
 * To be listed where the application can keep octets as they are, bare CR and LF among them: what is declared so passes
 * `bareNewlines` by. Needs CHUNKING. It takes the place of 8BITMIME's reader of BODY, and reads all three values.
 */
export const binaryMime: Extension = {
  keyword: "BINARYMIME",
  announce: () => "BINARYMIME",
  mailParameters: {
    BODY(value) {
      const body = parseBody(value);
      return body === undefined ? { refused: malformed } : { typed: { body } };
    },
  },
};

/**
 *     body-value = "7BIT" / "8BITMIME" / "BINARYMIME"     ; in any case
 */
export function parseBody(value: string | undefined): NonNullable<MailParameters["body"]> | undefined {
  const body = upperWord(value);
  return body === "7BIT" || body === "8BITMIME" || body === "BINARYMIME" ? body : undefined;
}
