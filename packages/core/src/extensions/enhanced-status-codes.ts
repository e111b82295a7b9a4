// ENHANCEDSTATUSCODES (RFC 2034, RFC 3463): every 2xx, 4xx and 5xx reply but the greeting's and EHLO's carries a code.

import type { Extension } from "./extension.ts";

export const enhancedStatusCodes: Extension = { keyword: "ENHANCEDSTATUSCODES", announce: () => "ENHANCEDSTATUSCODES" };
