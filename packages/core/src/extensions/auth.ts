// AUTH (RFC 4954): the mechanisms open to the client now, and MAIL's AUTH= parameter.

import { reply } from "../grammar/reply.ts";
import { parseXtext } from "../grammar/xtext.ts";
import type { Extension } from "./extension.ts";

const malformed = reply(501, "5.5.4", "AUTH takes <> or an address in xtext");

export const auth: Extension = {
  keyword: "AUTH",
  announce: ({ mechanisms }) => (mechanisms.length > 0 ? `AUTH ${mechanisms.join(" ")}` : undefined),
  mailParameters: {
    AUTH(value) {
      if (value === "<>") return { typed: { submitter: null } };
      const submitter = value === undefined ? undefined : parseXtext(value);
      if (submitter?.ok !== true) return { refused: malformed };
      // The null reverse-path in xtext is no address either.
      return { typed: { submitter: submitter.value === "<>" ? null : submitter.value } };
    },
  },
};
