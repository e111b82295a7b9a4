// How many connections there may be at once: in all, and from one address.

/** Gives a place back. Once only counts. */
export type Leave = () => void;

export interface PlaceLimits {
  readonly total: number;
  readonly perAddress: number;
}

export class Places {
  readonly #limits: PlaceLimits;
  readonly #byAddress = new Map<string, number>();
  #taken = 0;

  /** Throws `RangeError` for a limit that is not greater than 0. */
  constructor(limits: PlaceLimits) {
    for (const [name, value] of Object.entries(limits)) {
      if (!(value > 0)) throw new RangeError(`connections.${name} is ${value}: give a number greater than 0`);
    }
    this.#limits = limits;
  }

  get taken(): number {
    return this.#taken;
  }

  /** A place for somebody from there, until the function returned is called; `undefined` where none is left. */
  take(address: string | undefined): Leave | undefined {
    const fromThere = address === undefined ? 0 : (this.#byAddress.get(address) ?? 0);
    if (this.#taken >= this.#limits.total || fromThere >= this.#limits.perAddress) return undefined;
    this.#count(address, 1);
    let left = false;
    return () => {
      if (!left) this.#count(address, -1);
      left = true;
    };
  }

  #count(address: string | undefined, change: 1 | -1): void {
    this.#taken += change;
    if (address === undefined) return;
    const count = (this.#byAddress.get(address) ?? 0) + change;
    if (count > 0) this.#byAddress.set(address, count);
    else this.#byAddress.delete(address);
  }
}
