// Promises that somebody may stop waiting for.

/** The promise's outcome, or the signal's reason as its rejection, whichever comes first. Nothing is left at the signal. */
export function abortable<Result>(promise: Promise<Result>, signal: AbortSignal | undefined): Promise<Result> {
  if (signal === undefined) return promise;
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}

/**
 * Waits for one promise after the other, unless a certain end comes first. `Promise.race` would do, but keeps something of
 * every race until the end has come: too much for content in a million pieces.
 */
export class Until {
  #over = false;
  #interrupt: () => void = () => undefined;

  constructor(end: Promise<unknown>) {
    const stop = () => {
      this.#over = true;
      this.#interrupt();
    };
    end.then(stop, stop);
  }

  /** The promise's outcome, or `undefined` where the end has come. One at a time. */
  race<Result>(promise: Promise<Result>): Promise<Result | undefined> {
    if (this.#over) {
      promise.catch(() => undefined);
      return Promise.resolve(undefined);
    }
    return new Promise((resolve, reject) => {
      this.#interrupt = () => resolve(undefined);
      promise.then(resolve, reject);
    });
  }
}
