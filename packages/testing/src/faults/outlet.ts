// One direction of a connection, behind its faults: octets go on in order, with pauses between, until something ends them.

import type { Clock } from "@carteiro/driver";
import type { Ending, Step } from "./steps.ts";

export interface Sink {
  /** A promise: wait for it before more. Never rejects. */
  octets(octets: Uint8Array): void | Promise<void>;
  ended(ending: Ending | "stall"): void;
}

export class Outlet {
  readonly #clock: Clock;
  readonly #sink: Sink;
  readonly #steps: Step[] = [];
  #running = false;
  #cancelWait: (() => void) | undefined;
  #over = false;
  #drained = Promise.withResolvers<void>();

  constructor(clock: Clock, sink: Sink) {
    this.#clock = clock;
    this.#sink = sink;
  }

  /** Whether all that was pushed has gone on, or never will. */
  get idle(): boolean {
    return this.#over || (this.#steps.length === 0 && !this.#running);
  }

  /** Whether time has to pass before it goes on. */
  get waiting(): boolean {
    return this.#cancelWait !== undefined;
  }

  push(steps: readonly Step[]): void {
    if (this.#over) return;
    this.#steps.push(...steps);
    this.#run();
  }

  /** Nothing goes on any more. */
  close(): void {
    this.#over = true;
    this.#steps.length = 0;
    this.#cancelWait?.();
    this.#cancelWait = undefined;
    this.#drained.resolve();
  }

  /** Settles once it is idle; nothing where it is. */
  drained(): Promise<void> | undefined {
    return this.idle ? undefined : this.#drained.promise;
  }

  #run(): void {
    while (!this.#running && !this.#over) {
      const step = this.#steps.shift();
      if (step === undefined) return this.#rest();
      this.#take(step);
    }
  }

  #rest(): void {
    this.#drained.resolve();
    this.#drained = Promise.withResolvers();
  }

  #take(step: Step): void {
    this.#running = true;
    const goOn = () => {
      this.#running = false;
      this.#cancelWait = undefined;
    };
    const goOnLater = () => (goOn(), this.#run());
    if (step.type === "wait") {
      this.#cancelWait = this.#clock.after(step.ms, goOnLater);
      return;
    }
    if (step.type === "octets") {
      const pending = this.#sink.octets(step.octets);
      if (pending !== undefined) return void pending.then(goOnLater);
      return goOn();
    }
    this.close();
    this.#sink.ended(step.type);
  }
}
