// How many connections there may be at once: in all, and from one address.

import { clientKey } from "./client-key.ts";

/** Gives a place back. Once only counts. */
export type Leave = () => void;

export interface PlaceLimits {
  readonly total: number;
  readonly perAddress: number;
}

export class Places {
  readonly #limits: PlaceLimits;
  readonly #byClient = new Map<string, number>();
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
    const client = address === undefined ? undefined : clientKey(address);
    const fromThere = client === undefined ? 0 : (this.#byClient.get(client) ?? 0);
    if (this.#taken >= this.#limits.total || fromThere >= this.#limits.perAddress) return undefined;
    this.#count(client, 1);
    let left = false;
    return () => {
      if (!left) this.#count(client, -1);
      left = true;
    };
  }

  #count(client: string | undefined, change: 1 | -1): void {
    this.#taken += change;
    if (client === undefined) return;
    const count = (this.#byClient.get(client) ?? 0) + change;
    if (count > 0) this.#byClient.set(client, count);
    else this.#byClient.delete(client);
  }
}
