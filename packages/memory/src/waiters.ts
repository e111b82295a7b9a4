// Promises that wait for one and the same thing, and settle together.

interface Waiter<T> {
  readonly resolve: (value: T) => void;
  readonly reject: (error: Error) => void;
}

export class Waiters<T> {
  #waiting: Waiter<T>[] = [];

  get none(): boolean {
    return this.#waiting.length === 0;
  }

  /** A promise for what `resolve` or `reject` will say. */
  wait(): Promise<T> {
    const promise = new Promise<T>((resolve, reject) => this.#waiting.push({ resolve, reject }));
    // Whoever destroys the connection is often the one who waited, and looks no more: that is no unhandled rejection.
    promise.catch(() => {});
    return promise;
  }

  resolve(value: T): void {
    for (const waiter of this.#taken()) waiter.resolve(value);
  }

  reject(error: Error): void {
    for (const waiter of this.#taken()) waiter.reject(error);
  }

  #taken(): Waiter<T>[] {
    const waiting = this.#waiting;
    this.#waiting = [];
    return waiting;
  }
}
