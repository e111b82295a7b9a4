// What every handler of a server gets: the session, and a signal that is made only when it is looked at.

import { DecisionVoidError } from "./errors.ts";
import type { SessionInfo } from "./server-options.ts";

export class StepContext {
  readonly session: SessionInfo;
  #controller: AbortController | undefined;
  #reason: DecisionVoidError | undefined;

  constructor(session: SessionInfo) {
    this.session = session;
  }

  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#reason !== undefined) this.#controller.abort(this.#reason);
    return this.#controller.signal;
  }

  /** The answer is not wanted any more. */
  abort(why: string): void {
    this.#reason = new DecisionVoidError(why);
    this.#controller?.abort(this.#reason);
  }
}
