// What every handler of a server gets: the session, and a signal that is made only when it is looked at.

import type { Envelope } from "@carteiro/core";
import type { Content } from "./content.ts";
import { ContentAbortedError, ContentRefusedError, DecisionVoidError } from "./errors.ts";
import type { SessionInfo } from "./server-options.ts";

export class StepContext {
  readonly session: SessionInfo;
  #controller: AbortController | undefined;
  #reason: Error | undefined;

  constructor(session: SessionInfo) {
    this.session = session;
  }

  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#reason !== undefined) this.#controller.abort(this.#reason);
    return this.#controller.signal;
  }

  /** The answer is not wanted any more. The first reason counts. */
  abort(reason: Error): void {
    this.#reason ??= reason;
    this.#controller?.abort(this.#reason);
  }

  /** Whether an error is but the echo of the abort: what the content threw, the reason, or what other code made of it. */
  echoes(error: unknown): boolean {
    if (this.#reason === undefined || !(error instanceof Error)) return false;
    return isOurs(error) || isOurs(error.cause) || error.name === "AbortError";
  }
}

/** What `onMessage` gets. */
export class MessageStep extends StepContext {
  readonly envelope: Envelope;
  readonly content: Content;
  readonly repliesEach: boolean;

  constructor(session: SessionInfo, envelope: Envelope, content: Content, repliesEach: boolean) {
    super(session);
    this.envelope = envelope;
    this.content = content;
    this.repliesEach = repliesEach;
  }
}

function isOurs(error: unknown): boolean {
  return [ContentAbortedError, ContentRefusedError, DecisionVoidError].some((ours) => error instanceof ours);
}
