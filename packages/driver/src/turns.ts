// One thing at a time, in the order asked for.

export class Turns {
  #last: Promise<unknown> = Promise.resolve();

  /** Acts when all that was asked for before has settled; gives what `act` gives. */
  take<Result>(act: () => Promise<Result>): Promise<Result> {
    const turn = this.#last.then(act);
    this.#last = turn.catch(() => undefined);
    return turn;
  }
}
