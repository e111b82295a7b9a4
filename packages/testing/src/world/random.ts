// Numbers that look random and are the same for the same seed on every machine.

export class Random {
  #state: number;

  /** @param seed a whole number, of which 32 bits count. */
  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** From 0 up to and without 1. */
  fraction(): number {
    // Mulberry32: 32 bits of state are enough to choose by.
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number from 0 up to and without the bound. */
  below(bound: number): number {
    return Math.floor(this.fraction() * bound);
  }

  /** True once in so many times. */
  once(times: number): boolean {
    return this.below(times) === 0;
  }

  /** Throws `RangeError` where the list is empty. */
  pick<Value>(list: readonly Value[]): Value {
    const [first] = list;
    if (first === undefined) throw new RangeError("nothing to pick from");
    return list[this.below(list.length)] ?? first;
  }

  octets(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.below(256));
  }

  /** Numbers of their own: however many are drawn there, those here stay the same. */
  fork(): Random {
    return new Random(this.below(2 ** 32));
  }
}
