// SMTPUTF8 (RFC 6531): addresses and header fields in UTF-8, declared for each transaction at MAIL.

import { reply } from "../grammar/reply.ts";
import type { Extension } from "./extension.ts";

const malformed = reply(501, "5.5.4", "SMTPUTF8 takes no value");

export const smtputf8: Extension = {
  keyword: "SMTPUTF8",
  announce: () => "SMTPUTF8",
  mailParameters: {
    SMTPUTF8: (value) => (value === undefined ? { typed: { smtputf8: true } } : { refused: malformed }),
  },
};
