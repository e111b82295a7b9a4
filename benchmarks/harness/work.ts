// Work in memory, without a kernel: each contender runs in a process of its own, so that none is compiled for another's sake.

import { type Answer, Child, serveParent } from "./child.ts";
import type { Contender, Sample } from "./question.ts";

/** Does something so many times; gives a number that depends on all of it, so that no compiler leaves any of it out. */
export type Work = (times: number) => number | Promise<number>;

/** What one round of work cost. */
interface Cost {
  /** Microseconds of CPU, user and system, compiler and collector included. */
  readonly cpu: number;
  /** Microseconds by the clock. */
  readonly wall: number;
  /** Octets by which the heap grew: what was allocated, where nothing was collected meanwhile. */
  readonly heap: number;
  /** Octets by which the memory of arrays grew that lies outside of it. */
  readonly arrays: number;
}

/** What was done: so many times, and the sum of the numbers that the work gave. */
interface Done extends Cost, Answer {
  readonly times: number;
  readonly sum: number;
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
      const child = await Child.start(script, [], nodeOptions);
      return {
        round: async () => sample(await child.ask<Done>("work", { kind, times: count }), count),
        stop: () => child.stop(),
      };
    },
  };
}

export interface WorkInPartsOptions {
  readonly script: URL;
  /** The kind of each part, as the script knows it. */
  readonly parts: Readonly<Record<string, string>>;
  /** The figure of a round, from what the work cost that was done so many times. */
  readonly figure: (done: Done) => number;
  readonly nodeOptions?: readonly string[];
}

/** A contender that does several kinds of work, a metric each, in one process, about as long each whatever its speed. */
export function workingInParts(name: string, { script, parts, figure, nodeOptions }: WorkInPartsOptions): Contender {
  return {
    name,
    start: async ({ quick }) => {
      const child = await Child.start(script, [], nodeOptions);
      const milliseconds = quick ? 1 : 100;
      const round = async () => {
        const figures: [string, number][] = [];
        for (const [part, kind] of Object.entries(parts)) {
          figures.push([part, figure(await child.ask<Done>("workFor", { kind, milliseconds }))]);
        }
        return Object.fromEntries(figures);
      };
      return { round, stop: () => child.stop() };
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

/** Where the number that the work gives is octets. */
export function gigabytesPerSecond({ cpu, sum }: Done): number {
  return sum / cpu / 1_000;
}

/** Nanoseconds of CPU, where the number that the work gives is how often something was done. */
export function nanosecondsOfEach({ cpu, sum }: Done): number {
  return (cpu * 1_000) / sum;
}

/** To be called by the script: these are the kinds of work that it can do. A kind is made ready when it is asked for first. */
export function serveWork(kinds: Readonly<Record<string, () => Work | Promise<Work>>>): void {
  const ready = new Map<string, Work>();
  const workOf = async (kind: string) => {
    const work = ready.get(kind) ?? (await kinds[kind]?.());
    if (work === undefined) throw new Error(`No work of the kind "${kind}"`);
    ready.set(kind, work);
    return work;
  };
  serveParent({
    work: async ({ kind, times }: { readonly kind: string; readonly times: number }) =>
      measured(await workOf(kind), (cost) => cost.times < times, times),
    workFor: async ({ kind, milliseconds }: { readonly kind: string; readonly milliseconds: number }) =>
      measured(await workOf(kind), ({ cpu }) => cpu < milliseconds * 1_000, 1),
  });
}

/** Works so many times at once, and again as long as it goes on. */
async function measured(work: Work, goesOn: (cost: Done) => boolean, atOnce: number): Promise<Done> {
  const memory = process.memoryUsage();
  const before = process.cpuUsage();
  const from = performance.now();
  let sum = 0;
  for (let times = atOnce; ; times += atOnce) {
    sum += await work(atOnce);
    const { user, system } = process.cpuUsage(before);
    const wall = (performance.now() - from) * 1_000;
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    const heap = heapUsed - memory.heapUsed;
    const arrays = arrayBuffers - memory.arrayBuffers;
    const done = { cpu: user + system, wall, heap, arrays, times, sum };
    if (!goesOn(done)) return done;
  }
}
