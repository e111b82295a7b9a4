// One thing at a time, in the order asked for.

import { abortable } from "./abortable.ts";

export class Turns {
  /** Settles when all that was asked for has; `undefined`: it has. */
  #last: Promise<unknown> | undefined;

  /**
   * Acts when all that was asked for before has settled, at once where that is so; gives what `act` gives. Aborted before, it
   * rejects at once with the signal's reason, and the turn is left out; afterwards the signal is the business of `act`.
   */
  take<Result>(act: () => Promise<Result>, signal?: AbortSignal): Promise<Result> {
    const before = this.#last;
    if (before === undefined && signal?.aborted === true) return Promise.reject(signal.reason);
    const turn = before === undefined ? act() : abortable(before, signal).then(act);
    const end = () => {
      if (this.#last === over) this.#last = undefined;
    };
    const over: Promise<unknown> = turn.then(end, before === undefined ? end : () => before.then(end));
    this.#last = over;
    return turn;
  }
}
