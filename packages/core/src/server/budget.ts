// How much a client may get wrong before it has to go: counts of errors, of idle commands, of failed authentications.

import type { Reply } from "../grammar/reply.ts";
import type { DecisionSubject } from "./messages.ts";
import type { ServerLimits } from "./options.ts";
import type { Pace } from "./pace.ts";
import { checkReplies } from "./replies.ts";

export class Budget {
  readonly #limits: ServerLimits;
  #errors = 0;
  #commandsWithoutMail = 0;
  #failedAuthentications = 0;

  readonly #pace: Pace;

  constructor(limits: ServerLimits, pace: Pace) {
    this.#limits = limits;
    this.#pace = pace;
  }

  /** Takes note of a command; gives the reply with which the session ends where it is one too many. */
  command(): Reply | undefined {
    this.#commandsWithoutMail += 1;
    return this.#commandsWithoutMail > this.#limits.commandsWithoutMail ? checkReplies.tooManyCommands : undefined;
  }

  /** An accepted recipient or chunk is progress towards mail: its command does not count. */
  progressMade(): void {
    this.#commandsWithoutMail -= 1;
  }

  /**
   * Takes note of a reply; gives the one with which the session ends where it is one too many.
   * @param answered What the application had been asked; its own refusals are no errors of the client.
   */
  reply({ code }: Reply, answered: DecisionSubject | undefined): Reply | undefined {
    if (answered === "message" && code < 300) this.#commandsWithoutMail = 0;
    if (answered === "authentication" && code >= 400) return this.authenticationFailed();
    return answered === undefined && code >= 500 ? this.#error() : undefined;
  }

  /** Takes note of a failed authentication, likewise. */
  authenticationFailed(): Reply | undefined {
    this.#failedAuthentications += 1;
    this.#pace.authenticationFailed(this.#failedAuthentications);
    return this.tooManyAuthentications;
  }

  get tooManyAuthentications(): Reply | undefined {
    return this.#failedAuthentications >= this.#limits.authenticationAttempts
      ? checkReplies.tooManyAuthAttempts
      : undefined;
  }

  #error(): Reply | undefined {
    this.#errors += 1;
    this.#pace.erred(this.#errors);
    return this.#errors > this.#limits.errors ? checkReplies.tooManyErrors : undefined;
  }
}
