// The exchanges of AUTH on one connection: when their credentials are looked at, and that each failure is counted, even one
// whose client did not stay to hear of it.

import { isPromise } from "./answers.ts";
import type { ConnectionContext } from "./connection-context.ts";
import type { Found } from "./credentials.ts";
import type { Decision, Disconnect, Reject } from "./decisions.ts";
import { clientOf } from "./rate-guard.ts";
import type { SessionInfo } from "./server-options.ts";
import type { StepContext } from "./step-context.ts";

interface Attempt {
  /** Gives back what the rates keep for it. */
  readonly end: () => void;
  looking: boolean;
  /** What was found when the credentials were looked at last. */
  refused: boolean;
  over: boolean;
}

type Answer = Decision | Found | void;

export class Attempts {
  readonly #context: Pick<ConnectionContext, "rates" | "checks">;
  readonly #session: SessionInfo;
  /** The one that is open. */
  #attempt: Attempt | undefined;

  constructor(context: Pick<ConnectionContext, "rates" | "checks">, session: SessionInfo) {
    this.#context = context;
    this.#session = session;
  }

  /**
   * Looks when it is the client's turn, unless too many of its attempts have failed, or may: then gives the refusal. Throws,
   * or rejects, as `look` does, and with the reason of the step's abort.
   */
  check<Given extends Answer>(
    step: StepContext,
    look: () => Given | Promise<Given>,
  ): Given | Reject | Disconnect | Promise<Given | Reject | Disconnect> {
    // A client that has cancelled an exchange, or whose mechanism asks once more.
    this.ended();
    const { refusal, end } = this.#context.rates.authentication(this.#session);
    const attempt: Attempt = { end, looking: false, refused: false, over: false };
    this.#attempt = attempt;
    if (!isPromise(refusal)) return refusal ?? this.#look(attempt, step, look);
    return refusal.then((given) => given ?? this.#look(attempt, step, look));
  }

  /** The exchange is over, with this reply where there was one. */
  ended(code = 0): void {
    const attempt = this.#attempt;
    this.#attempt = undefined;
    if (code >= 500 || attempt?.refused === true) this.#context.rates.authenticationFailed(this.#session);
    if (attempt === undefined) return;
    attempt.over = true;
    if (!attempt.looking) attempt.end();
  }

  #look<Given extends Answer>(
    attempt: Attempt,
    step: StepContext,
    look: () => Given | Promise<Given>,
  ): Given | Promise<Given> {
    step.signal.throwIfAborted();
    attempt.looking = true;
    try {
      const found = this.#context.checks.pass(clientOf(this.#session), step, look);
      if (!isPromise(found)) return this.#looked(attempt, found);
      return found.then(
        (given) => this.#looked(attempt, given),
        (error: unknown) => this.#broke(attempt, error),
      );
    } catch (error) {
      return this.#broke(attempt, error);
    }
  }

  #looked<Given extends Answer>(attempt: Attempt, found: Given): Given {
    attempt.looking = false;
    attempt.refused = isRefused(found);
    if (!attempt.over) return found;
    if (attempt.refused) this.#context.rates.authenticationFailed(this.#session);
    attempt.end();
    return found;
  }

  #broke(attempt: Attempt, error: unknown): never {
    attempt.looking = false;
    if (attempt.over) attempt.end();
    throw error;
  }
}

/** Whether the credentials are no good, as far as that is known before the mechanism has seen what was found. */
function isRefused(found: Answer): boolean {
  if (found === undefined) return true;
  switch (found.type) {
    case "reject":
      return found.reply.code >= 500;
    case "tokenChecked":
    case "identityDecided":
      return found.user === undefined;
    default:
      return false;
  }
}
