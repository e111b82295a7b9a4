// One thing at a time, in the order asked for.

import { abortable } from "./abortable.ts";

export class Turns {
  #last: Promise<unknown> = Promise.resolve();

  /**
   * Acts when all that was asked for before has settled; gives what `act` gives. Aborted before, it rejects at once with the
   * signal's reason, and the turn is left out; afterwards the signal is the business of `act`.
   */
  take<Result>(act: () => Promise<Result>, signal?: AbortSignal): Promise<Result> {
    const before = this.#last;
    const turn = abortable(before, signal).then(act);
    this.#last = turn.then(
      () => undefined,
      () => before,
    );
    return turn;
  }
}
