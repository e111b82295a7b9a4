// The extensions that every server session offers, in the order in which EHLO announces them.

import { auth } from "./auth.ts";
import { eightBitMime } from "./eight-bit-mime.ts";
import { enhancedStatusCodes } from "./enhanced-status-codes.ts";
import type { Extension } from "./extension.ts";
import { pipelining } from "./pipelining.ts";
import { size } from "./size.ts";
import { smtputf8 } from "./smtputf8.ts";
import { starttls } from "./starttls.ts";

export const standardExtensions: readonly Extension[] = [
  pipelining,
  size,
  eightBitMime,
  smtputf8,
  enhancedStatusCodes,
  starttls,
  auth,
];
