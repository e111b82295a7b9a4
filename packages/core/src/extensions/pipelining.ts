// PIPELINING (RFC 2920): commands may come in groups; the session answers in order whatever the grouping.

import type { Extension } from "./extension.ts";

export const pipelining: Extension = { keyword: "PIPELINING", announce: () => "PIPELINING" };
