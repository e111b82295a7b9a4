// What a connection of a server waits for: answers of handlers, and messages on their way to one.

import type { CredentialsDecision, ServerDecision } from "@carteiro/core";
import type { Content } from "./content.ts";
import type { Decision, EachRecipient, Fetched } from "./decisions.ts";
import type { StepContext } from "./step-context.ts";

/** What handlers answer, at whichever step. */
export type Verdict = Decision | EachRecipient | Fetched;

/** A question that waits for its answer. */
export interface Pending<Event = ServerDecision | CredentialsDecision> {
  readonly event: Event;
  readonly step: StepContext;
}

/** A message on its way to `onMessage`. */
export interface Incoming {
  readonly content: Content;
  readonly step: StepContext;
  /** What the handler has answered, once it has. */
  answer: { readonly decision: Verdict | void } | undefined;
  /** The session's question, once the content has ended and the handler has not answered yet. */
  pending: Pending<ServerDecision> | undefined;
}
