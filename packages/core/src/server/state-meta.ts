// What the chart's states say of themselves in `meta`, for the session that runs it.

import type { Phase } from "../extensions/extension.ts";
import type { ServerTimeout } from "./messages.ts";

export interface StateMeta {
  readonly timeout?: ServerTimeout;
  readonly reads?: "proxy" | "silence" | "command" | "response" | "content" | "chunk" | "discarded";
  readonly phase?: Phase;
}
