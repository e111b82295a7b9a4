// 8BITMIME (RFC 6152): content with octets over 127, declared by BODY= at MAIL.

import { upperWord } from "../grammar/printable.ts";
import { reply } from "../grammar/reply.ts";
import type { Extension } from "./extension.ts";

const malformed = reply(501, "5.5.4", "BODY takes 7BIT or 8BITMIME");

export const eightBitMime: Extension = {
  keyword: "8BITMIME",
  announce: () => "8BITMIME",
  mailParameters: {
    BODY(value) {
      const body = upperWord(value);
      return body === "7BIT" || body === "8BITMIME" ? { typed: { body } } : { refused: malformed };
    },
  },
};
