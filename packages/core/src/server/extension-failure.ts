// What an extension's own code did that it must not: it threw, or gave what is no answer. The client is told 451, the application why.

import type { Reply } from "../grammar/reply.ts";
import { fittingReply } from "./decision-replies.ts";
import { checkReplies } from "./replies.ts";

export interface ExtensionFailure {
  /** For example `verb XQUOTA`, `parameter XRETAIN`, or `keyword XSTORAGE` where the announcement failed. */
  readonly part: string;
  /** What was thrown, or what is wrong with the answer. */
  readonly error: unknown;
}

/** A reply that refuses, and why, where that is the extension's own fault. */
export interface Refusal {
  readonly refused: Reply;
  readonly failure?: ExtensionFailure;
}

export function failed(part: string, error: unknown): Refusal {
  return { refused: checkReplies.localError, failure: { part, error } };
}

/** What an extension answers, where it is one of the two that it may be. Throws where it is not. */
export function fittingOutcome<Outcome extends object>(
  outcome: Outcome | { readonly refused: Reply },
  wanted: Extract<keyof Outcome, string>,
): Outcome | Refusal {
  if (typeof outcome !== "object" || outcome === null) throw new TypeError(`It gives neither ${wanted} nor refused`);
  if ("refused" in outcome) return { refused: fittingReply("reject", "command", outcome.refused) };
  if (wanted in outcome) return outcome;
  throw new TypeError(`It gives neither ${wanted} nor refused, and must at once`);
}

/** For events: what an error says. */
export function problemOf(error: unknown): string {
  if (error instanceof Error) return error.message;
  return typeof error === "string" ? error : "What it threw is no error";
}
