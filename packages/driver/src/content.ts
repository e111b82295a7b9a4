// A message's content on its way to a handler, under credit: what is not consumed is not read from the network.

/** Octets that may wait for the consumer before reading stops. */
const credit = 65_536;

export class Content implements AsyncIterable<Uint8Array> {
  #waiting: Uint8Array[] = [];
  #octets = 0;
  #state: "open" | "ended" | "discarded" | "failed" = "open";
  #error: unknown;
  #wakeConsumer: (() => void) | undefined;
  #wakeProducer: (() => void) | undefined;
  #taken = false;

  /** The content in slices as they were received: lines end in CRLF, and the dots of transparency are gone. Once only. */
  [Symbol.asyncIterator](): AsyncIterator<Uint8Array, undefined> {
    if (this.#taken) throw new TypeError("The content has been consumed already: it can be read once; keep bytes() instead");
    this.#taken = true;
    return {
      next: () => this.#next(),
      return: () => {
        this.discard();
        return Promise.resolve({ done: true, value: undefined });
      },
    };
  }

  /** The whole content. Mind its size: `limits.messageSize` octets at most. */
  async bytes(): Promise<Uint8Array> {
    const slices: Uint8Array[] = [];
    let octets = 0;
    for await (const slice of this) {
      slices.push(slice);
      octets += slice.length;
    }
    const whole = new Uint8Array(octets);
    let at = 0;
    for (const slice of slices) {
      whole.set(slice, at);
      at += slice.length;
    }
    return whole;
  }

  /** The whole content as text; octets that are not UTF-8 become U+FFFD. */
  async text(): Promise<string> {
    return new TextDecoder().decode(await this.bytes());
  }

  /** Takes a slice in; a promise means: no more until it is settled. For the driver. */
  push(slice: Uint8Array): void | Promise<void> {
    if (this.#state !== "open") return;
    this.#waiting.push(slice);
    this.#octets += slice.length;
    this.#wakeConsumer?.();
    if (this.#octets < credit) return;
    return new Promise((resolve) => (this.#wakeProducer = resolve));
  }

  /** All has come. For the driver. */
  end(): void {
    this.#become("ended");
  }

  /** No more will come, and what has come is worth nothing: the consumer gets the error. For the driver. */
  fail(error: unknown): void {
    this.#error = error;
    this.#waiting = [];
    this.#become("failed");
  }

  /** The rest is not wanted. */
  discard(): void {
    this.#waiting = [];
    this.#become("discarded");
  }

  #become(state: "ended" | "discarded" | "failed"): void {
    if (this.#state !== "open") return;
    this.#state = state;
    this.#wakeConsumer?.();
    if (state !== "ended") this.#releaseProducer();
  }

  #releaseProducer(): void {
    const wake = this.#wakeProducer;
    this.#wakeProducer = undefined;
    wake?.();
  }

  async #next(): Promise<IteratorResult<Uint8Array, undefined>> {
    for (;;) {
      const slice = this.#waiting.shift();
      if (slice !== undefined) {
        this.#octets -= slice.length;
        if (this.#octets < credit) this.#releaseProducer();
        return { done: false, value: slice };
      }
      if (this.#state === "failed") throw this.#error;
      if (this.#state !== "open") return { done: true, value: undefined };
      await new Promise<void>((resolve) => (this.#wakeConsumer = resolve));
      this.#wakeConsumer = undefined;
    }
  }
}
