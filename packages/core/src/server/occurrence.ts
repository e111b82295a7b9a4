// An event of the machine, with what goes along, and what some of them mean for the session and its transaction.

import type { Reply } from "../grammar/reply.ts";
import type { ServerMachineEvent } from "./facts.ts";
import type { DecisionSubject, ServerCloseReason } from "./messages.ts";

/** An event of the machine, and the reply that takes the place of the usual one. */
export interface Occurrence {
  readonly type: ServerMachineEvent["type"];
  readonly given?: Reply | undefined;
}

/** Nobody has anything against it. */
export const accepted: Occurrence = { type: "accept" };

export const closeReasons: Partial<Record<Occurrence["type"], ServerCloseReason>> = {
  QUIT: "quit",
  ended: "disconnected",
  elapsed: "timeout",
  expired: "timeout",
  violated: "violation",
  dismiss: "dismissed",
  shutDown: "shutDown",
};

/** Whether a transaction that is now over has been decided: by the session, or by the answer to a question about the whole. */
export function isDecided({ type }: Occurrence, answered: DecisionSubject | undefined): boolean {
  const isAnswered = answered === "message" || answered === "data" || answered === "reference";
  return isAnswered || type === "contentEnded" || type === "chunkEnded" || type === "chunkDiscarded";
}
