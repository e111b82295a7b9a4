// PRDR (draft-hall-prdr-00, as Exim has it): a reply for each recipient after the content, where MAIL asks for it.

import { reply } from "../grammar/reply.ts";
import type { Extension } from "./extension.ts";

const malformed = reply(501, "5.5.4", "PRDR takes no value");

export const prdr: Extension = {
  keyword: "PRDR",
  // In LMTP each recipient is answered anyway.
  announce: ({ protocol }) => (protocol === "lmtp" ? undefined : "PRDR"),
  mailParameters: {
    PRDR: (value) => (value === undefined ? { typed: { prdr: true } } : { refused: malformed }),
  },
};
