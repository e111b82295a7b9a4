// REQUIRETLS (RFC 8689): a message that is to be passed on over verified TLS alone. Known under TLS alone.

import { reply } from "../grammar/reply.ts";
import type { Extension } from "./extension.ts";

const malformed = reply(501, "5.5.4", "REQUIRETLS takes no value");
const insecure = reply(530, "5.7.10", "REQUIRETLS needs TLS: send STARTTLS first");

export const requireTls: Extension = {
  announce: ({ secured }) => (secured === true ? "REQUIRETLS" : undefined),
  mailParameters: {
    REQUIRETLS(value, { secured }) {
      if (value !== undefined) return { refused: malformed };
      return secured === true ? { typed: { requireTls: true } } : { refused: insecure };
    },
  },
};
