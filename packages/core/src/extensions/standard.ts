// The extensions that every server offers by itself, in the order in which EHLO announces them.

import { auth } from "./auth.ts";
import { chunking } from "./chunking.ts";
import { eightBitMime } from "./eight-bit-mime.ts";
import { enhancedStatusCodes } from "./enhanced-status-codes.ts";
import type { Extension } from "./extension.ts";
import { limits, type SessionLimits } from "./limits.ts";
import { pipelining } from "./pipelining.ts";
import { size } from "./size.ts";
import { smtputf8 } from "./smtputf8.ts";
import { starttls } from "./starttls.ts";

/** What of it depends on the server's options. */
export interface StandardOffer {
  readonly limits: SessionLimits;
  readonly chunking: boolean;
}

export function standardExtensions(offer: StandardOffer): readonly Extension[] {
  return [
    pipelining,
    size,
    limits(offer.limits),
    eightBitMime,
    ...(offer.chunking ? [chunking] : []),
    smtputf8,
    enhancedStatusCodes,
    starttls,
    auth,
  ];
}
