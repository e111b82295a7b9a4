import { type Answer } from "./child.ts";
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
export declare function working(name: string, { kind, script, times, sample, nodeOptions }: WorkOptions): Contender;
export interface WorkInPartsOptions {
    readonly script: URL;
    /** The kind of each part, as the script knows it. */
    readonly parts: Readonly<Record<string, string>>;
    /** The figure of a round, from what the work cost that was done so many times. */
    readonly figure: (done: Done) => number;
    readonly nodeOptions?: readonly string[];
}
/** A contender that does several kinds of work, a metric each, in one process, about as long each whatever its speed. */
export declare function workingInParts(name: string, { script, parts, figure, nodeOptions }: WorkInPartsOptions): Contender;
/** Nanoseconds of CPU for each time. */
export declare function nanosecondsEach({ cpu }: Cost, times: number): Sample;
/** Microseconds of CPU for each time. */
export declare function microsecondsEach({ cpu }: Cost, times: number): Sample;
/** Where the number that the work gives is octets. */
export declare function gigabytesPerSecond({ cpu, sum }: Done): number;
/** Nanoseconds of CPU, where the number that the work gives is how often something was done. */
export declare function nanosecondsOfEach({ cpu, sum }: Done): number;
/** To be called by the script: these are the kinds of work that it can do. A kind is made ready when it is asked for first. */
export declare function serveWork(kinds: Readonly<Record<string, () => Work | Promise<Work>>>): void;
export {};
//# sourceMappingURL=work.d.ts.map