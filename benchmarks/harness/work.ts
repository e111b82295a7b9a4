// Work in memory, without a kernel: each kind runs in a process of its own, so that none is compiled for another's sake.

import { Child, serveParent } from "./child.ts";
import type { Contender, Sample } from "./question.ts";

/** Does something so many times; gives a number that depends on all of it, so that no compiler leaves any of it out. */
export type Work = (times: number) => number;

/** What one round of work cost. */
interface Cost {
  /** Microseconds of CPU, user and system, compiler and collector included. */
  readonly cpu: number;
  /** Microseconds by the clock. */
  readonly wall: number;
}

export interface WorkOptions {
  /** The kind, as the script knows it. */
  readonly kind: string;
  /** The script that calls `serveWork`. */
  readonly script: URL;
  /** How often the work is done in a round; a hundredth of that where the scale is `quick`. About a second's worth. */
  readonly times: number;
  /** The figures of a round, from its cost. */
  readonly sample: (cost: Cost, times: number) => Sample;
  readonly nodeOptions?: readonly string[];
}

/** A contender that works in memory. */
export function working(name: string, { kind, script, times, sample, nodeOptions }: WorkOptions): Contender {
  return {
    name,
    start: async ({ quick }) => {
      const count = quick ? Math.max(1, Math.ceil(times / 100)) : times;
      const child = await Child.start(script, [kind], nodeOptions);
      return {
        round: async () => sample(await child.ask<Cost & Record<string, number>>("work", { times: count }), count),
        stop: () => child.stop(),
      };
    },
  };
}

/** Nanoseconds of CPU for each time. */
export function nanosecondsEach({ cpu }: Cost, times: number): Sample {
  return { cpu: (cpu * 1_000) / times };
}

/** Microseconds of CPU for each time. */
export function microsecondsEach({ cpu }: Cost, times: number): Sample {
  return { cpu: cpu / times };
}

/** To be called by the script, which is told by its first argument which kind of work it is to do. */
export function serveWork(kinds: Readonly<Record<string, () => Work>>): void {
  const [, , kind = ""] = process.argv;
  const work = kinds[kind]?.();
  if (work === undefined) throw new Error(`No work of the kind "${kind}"`);
  let sum = 0;
  serveParent({
    work: ({ times }: { readonly times: number }) => {
      const before = process.cpuUsage();
      const from = performance.now();
      sum += work(times);
      const wall = (performance.now() - from) * 1_000;
      const { user, system } = process.cpuUsage(before);
      return { cpu: user + system, wall, sum };
    },
  });
}
