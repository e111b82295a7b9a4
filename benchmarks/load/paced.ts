// Load at a fixed rate on kept connections, lockstep: how long does each transaction take?

import { setImmediate, setTimeout } from "node:timers/promises";
import { KeptConnection, Script, type KeptOptions } from "./kept-connection.ts";
import { soon, type Address } from "./socket.ts";

export interface PacedOptions extends Address {
  readonly connections: number;
  /** Octets of a mail. */
  readonly octets: number;
  /** Transactions a second: far fewer than the server could do. */
  readonly rate: number;
}

export class PacedLoad {
  readonly #rate: number;
  readonly #free: KeptConnection[];

  private constructor(rate: number, free: KeptConnection[]) {
    this.#rate = rate;
    this.#free = free;
  }

  static async open({ rate, connections, ...options }: PacedOptions): Promise<PacedLoad> {
    const script = new Script({ ...options, connections, pipelining: "lockstep" } satisfies KeptOptions);
    const opened = Array.from({ length: connections }, () => KeptConnection.open(options, script));
    return new PacedLoad(rate, await soon("Connecting", Promise.all(opened)));
  }

  /** Milliseconds of each transaction that was due in so many milliseconds. */
  async run(milliseconds: number): Promise<readonly number[]> {
    const from = performance.now();
    const every = 1_000 / this.#rate;
    const transactions: Promise<number>[] = [];
    for (let due = 0; due < milliseconds; due += every) {
      await reached(from + due);
      const waited = performance.now();
      while (this.#free.length === 0) await setImmediate();
      transactions.push(this.#transaction(waited));
    }
    return soon("The load", Promise.all(transactions));
  }

  close(): void {
    for (const connection of this.#free) connection.close();
  }

  async #transaction(from: number): Promise<number> {
    const connection = this.#free.shift();
    if (connection === undefined) throw new Error("No connection is free");
    // A run that is to end at once is one mail.
    await connection.run(0);
    this.#free.push(connection);
    return performance.now() - from;
  }
}

/** Sleeps as long as timers are fine enough, and then watches the clock. */
async function reached(time: number): Promise<void> {
  const coarse = 2;
  while (performance.now() < time) await (time - performance.now() > coarse ? setTimeout(1) : setImmediate());
}
