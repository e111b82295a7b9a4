// STARTTLS (RFC 3207): announced only in the clear, and only when the application has TLS to offer.

import type { Extension } from "./extension.ts";

export const starttls: Extension = {
  keyword: "STARTTLS",
  announce: ({ startTls }) => (startTls ? "STARTTLS" : undefined),
};
