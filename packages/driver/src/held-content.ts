// Content from the moment it is handed over until nobody wants it any more: what can be read only once is watched before it
// is begun, and ended where it never is.

import {
  abandon,
  encoded,
  isRereadable,
  partsOf,
  watchErrors,
  type ContentSource,
  type MessageContent,
  type Parts,
} from "./outgoing-content.ts";

type Source = Exclude<ContentSource, string>;

export class HeldContent {
  /** To be sent in place of what was given: the same, or what reads it when it is begun, and leaves it alone before. */
  readonly content: Exclude<MessageContent, string>;
  /** The signal that was given; for a source that may fail by itself one that is aborted by its error, too. */
  readonly signal: AbortSignal | undefined;
  /** What can be read only once. */
  readonly #source: Source | undefined;
  #parts: Parts | undefined;
  #unfollow: (() => void) | undefined;

  /** Throws `TypeError` for what is no content. */
  constructor(given: MessageContent, signal?: AbortSignal) {
    this.signal = signal;
    if (typeof given === "function") {
      this.content = given;
      return;
    }
    const source = encoded(given);
    this.content = source;
    if (isRereadable(given)) return;
    this.#source = source;
    this.content = { [Symbol.asyncIterator]: () => this.#reading(source) };
    this.signal = this.#failing(source, signal);
  }

  /** Whether it can be read from its beginning. */
  get isWhole(): boolean {
    return this.#parts === undefined;
  }

  /** It is not wanted any more. Who has begun it has to end it himself. */
  release(): void {
    this.#unfollow?.();
    if (this.#source !== undefined && this.#parts === undefined) abandon(this.#source);
  }

  #reading(source: Source): AsyncIterator<Uint8Array | string, undefined> {
    return {
      next: async () => {
        const part = await (this.#parts ??= partsOf(source)).next();
        return part.done === true ? { done: true, value: undefined } : part;
      },
      return: async () => {
        await this.#parts?.return?.();
        return { done: true, value: undefined };
      },
    };
  }

  /** Once it is begun, its errors come with its parts. */
  #failing(source: Source, signal: AbortSignal | undefined): AbortSignal | undefined {
    const controller = new AbortController();
    const isWatched = watchErrors(source, (error) => {
      if (this.#parts === undefined) controller.abort(error);
    });
    if (!isWatched) return signal;
    const abort = () => controller.abort(signal?.reason);
    if (signal?.aborted === true) abort();
    signal?.addEventListener("abort", abort, { once: true });
    this.#unfollow = () => signal?.removeEventListener("abort", abort);
    return controller.signal;
  }
}
