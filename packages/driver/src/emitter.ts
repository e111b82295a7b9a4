// Typed events for the objects of this package, the same in every runtime. A listener that throws, or whose promise
// rejects, disturbs neither the other listeners nor whoever tells the event.

export class Emitter<Events> {
  readonly #listeners = new Map<keyof Events, Set<(event: never) => unknown>>();
  readonly #onThrow: (error: unknown, name: keyof Events) => void;

  /** @param onThrow Told what a listener threw. */
  constructor(onThrow: (error: unknown, name: keyof Events) => void = () => undefined) {
    this.#onThrow = onThrow;
  }

  /** Calls the listener at every event of that name; the function returned ends it. */
  on<Name extends keyof Events>(name: Name, listener: (event: Events[Name]) => void): () => void {
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners.add(listener));
    return () => void listeners.delete(listener);
  }

  /** Whether anybody listens. */
  has(name: keyof Events): boolean {
    return (this.#listeners.get(name)?.size ?? 0) > 0;
  }

  emit<Name extends keyof Events>(name: Name, event: Events[Name]): void {
    const listeners = this.#listeners.get(name);
    if (listeners === undefined) return;
    for (const listener of listeners) {
      try {
        const outcome = (listener as (event: Events[Name]) => unknown)(event);
        if (outcome instanceof Promise) outcome.catch((error: unknown) => this.#onThrow(error, name));
      } catch (error) {
        this.#onThrow(error, name);
      }
    }
  }
}
