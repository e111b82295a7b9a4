export interface Stamp {
    readonly date: string;
    readonly commit: string;
    readonly cpu: string;
    readonly cores: number;
    readonly memory: string;
    readonly system: string;
    readonly node: string;
    readonly pinned: boolean;
}
/** Whether who is measured has a core of its own: where there are two, and `taskset`. */
export declare const pinned: boolean;
/** The command, to be run on the core of who is measured. */
export declare function onMeasuredCore(command: readonly [string, ...string[]]): readonly [string, ...string[]];
/** Keeps this process, which makes the load, off the core of who is measured. */
export declare function leaveMeasuredCore(): void;
export declare function stamp(): Stamp;
/** Tells what part of one core others used since the last call; 0 where that cannot be told. */
export declare function busyness(): () => number;
interface ProcessStat {
    readonly pid: number;
    readonly parent: number;
    /** User and system, its own and its ended children's, in hundredths of a second. */
    readonly ticks: number;
}
/** What Linux tells of a process; `undefined` where there is none of that number. */
export declare function processStat(pid: number | string): ProcessStat | undefined;
export {};
//# sourceMappingURL=machine.d.ts.map