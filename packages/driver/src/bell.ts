// Wakes those who wait for something to change, all at once; each then looks for himself.

export class Bell {
  #rung: Promise<void> | undefined;
  #ring: (() => void) | undefined;

  /** Settles at the next `ring`. */
  wait(): Promise<void> {
    this.#rung ??= new Promise((resolve) => (this.#ring = resolve));
    return this.#rung;
  }

  ring(): void {
    this.#ring?.();
    this.#rung = this.#ring = undefined;
  }
}
