// One thing at a time, in the order asked for.

import { abortable } from "./abortable.ts";

export class Turns {
  #last: Promise<unknown> = Promise.resolve();

  /**
   * Acts when all that was asked for before has settled; gives what `act` gives. Rejects with the signal's reason as soon
   * as it is aborted; the turn is left out then, or, where it has begun, what comes next waits for its end all the same.
   */
  take<Result>(act: () => Promise<Result>, signal?: AbortSignal): Promise<Result> {
    const turn = this.#last.then(() => {
      signal?.throwIfAborted();
      return act();
    });
    this.#last = turn.catch(() => undefined);
    return abortable(turn, signal);
  }
}
