// Checks of credentials are what strangers can make a server work hardest by: hashing takes threads that files and DNS need,
// too. So there are few at once, and clients take turns, so that nobody waits behind all that another has asked for.

import { isPromise } from "./answers.ts";
import type { Clock } from "./clock.ts";
import type { Leave } from "./places.ts";
import type { StepContext } from "./step-context.ts";

type Turn = (leave: Leave) => void;

export interface CheckLimits {
  /** Checks at once over the whole server. */
  readonly checksAtOnce: number;
  /** Of those, from one client. */
  readonly checksPerClient: number;
  /** Milliseconds after which a check that has not settled makes room all the same. */
  readonly longest: number;
}

export class CheckGate {
  readonly #limits: CheckLimits;
  readonly #clock: Clock;
  /** Those who wait, by client: the one whose turn it is next comes first. */
  readonly #waiting = new Map<string, Set<Turn>>();
  readonly #begun = new Map<string, number>();
  #taken = 0;

  /** Throws `RangeError` for a limit below 1. */
  constructor(limits: CheckLimits, clock: Clock) {
    const { checksAtOnce, checksPerClient } = limits;
    for (const [name, value] of Object.entries({ checksAtOnce, checksPerClient })) {
      if (!(value >= 1)) throw new RangeError(`authentication.${name} is ${value}: give a number of at least 1`);
    }
    this.#limits = limits;
    this.#clock = clock;
  }

  /**
   * Checks when it is this client's turn, at once if it can be, and gives what `check` gives. Rejects with the reason of
   * the step's abort where that comes before the turn; a check that has begun keeps its place until it settles.
   */
  pass<Result>(client: string, step: StepContext, check: () => Result | Promise<Result>): Result | Promise<Result> {
    const leave = this.#enter(client);
    if (leave !== undefined) return this.#carryOut(check, leave);
    return this.#turn(client, step.signal).then((left) => this.#carryOut(check, left));
  }

  async #turn(client: string, signal: AbortSignal): Promise<Leave> {
    signal.throwIfAborted();
    const waiting = this.#waiting.get(client) ?? new Set();
    this.#waiting.set(client, waiting);
    return new Promise((resolve, reject) => {
      const turn = (leave: Leave) => {
        signal.removeEventListener("abort", giveUp);
        resolve(leave);
      };
      const giveUp = () => {
        this.#leaveQueue(client, turn);
        reject(signal.reason);
      };
      waiting.add(turn);
      signal.addEventListener("abort", giveUp, { once: true });
    });
  }

  #carryOut<Result>(check: () => Result | Promise<Result>, leave: Leave): Result | Promise<Result> {
    let found: Result | Promise<Result>;
    try {
      found = check();
    } catch (error) {
      leave();
      throw error;
    }
    if (!isPromise(found)) {
      leave();
      return found;
    }
    const { longest } = this.#limits;
    const cancel = longest === Infinity ? undefined : this.#clock.after(longest, leave);
    return Promise.resolve(found).finally(() => {
      cancel?.();
      leave();
    });
  }

  /** Who waits has no room: where there is room, nobody is passed by. */
  #enter(client: string): Leave | undefined {
    const { checksAtOnce, checksPerClient } = this.#limits;
    const begun = this.#begun.get(client) ?? 0;
    if (this.#taken >= checksAtOnce || begun >= checksPerClient) return undefined;
    this.#count(client, 1);
    let left = false;
    return () => {
      if (left) return;
      left = true;
      this.#count(client, -1);
      this.#admitNext();
    };
  }

  #count(client: string, change: 1 | -1): void {
    this.#taken += change;
    const begun = (this.#begun.get(client) ?? 0) + change;
    if (begun > 0) this.#begun.set(client, begun);
    else this.#begun.delete(client);
  }

  /** The first who may; its client goes behind the others. */
  #admitNext(): void {
    for (const [client, waiting] of this.#waiting) {
      const [turn] = waiting;
      const leave = turn && this.#enter(client);
      if (leave === undefined) continue;
      this.#waiting.delete(client);
      this.#waiting.set(client, waiting);
      this.#leaveQueue(client, turn);
      turn?.(leave);
      return;
    }
  }

  #leaveQueue(client: string, turn: Turn | undefined): void {
    const waiting = this.#waiting.get(client);
    if (turn !== undefined) waiting?.delete(turn);
    if (waiting?.size === 0) this.#waiting.delete(client);
  }
}
