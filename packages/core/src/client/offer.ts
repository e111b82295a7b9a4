// What the server offers, as each transaction looks it up: made once, when the server says it.

import { parseSize } from "../extensions/size.ts";
import { findCapability, type Capabilities } from "../grammar/capabilities.ts";

export interface ServerOffer {
  readonly capabilities: Capabilities;
  readonly keywords: ReadonlySet<string>;
  /** Largest content that the server takes, in octets (RFC 1870); `undefined` where it names no limit. */
  readonly sizeLimit: number | undefined;
}

export function serverOffer(capabilities: Capabilities): ServerOffer {
  const limit = parseSize(findCapability(capabilities, "SIZE")?.parameters[0]) ?? 0n;
  return {
    capabilities,
    keywords: new Set(capabilities.map(({ keyword }) => keyword)),
    sizeLimit: limit === 0n ? undefined : Number(limit),
  };
}
