/** What a script of ours answers with; see `serveParent`. */
export type Answer = Readonly<Record<string, unknown>>;
/** A script of ours under measurement. It calls `serveParent`. */
export declare class Child {
    #private;
    private constructor();
    /** Starts a script, given as the URL of its module, in Node or another runtime; resolves once it answers. */
    static start(script: URL, args?: readonly string[], nodeOptions?: readonly string[], runtime?: string): Promise<Child>;
    get pid(): number;
    /** Has the script do something, with what it needs to know, and gives what it answers. Rejects with what it threw, or where it ended. */
    ask<Given extends Answer>(task: string, given?: Answer): Promise<Given>;
    /** Microseconds of CPU, user and system, since it was started. */
    cpu(): Promise<number>;
    stop(): Promise<void>;
}
type Task = (given: never) => unknown;
/** To be called by a script that is started as a `Child`: does what its parent asks, by name. `cpu` and `memory` need no task. */
export declare function serveParent(tasks: Readonly<Record<string, Task>>): void;
/** A program that nobody here wrote, under measurement. */
export declare class Program {
    #private;
    private constructor();
    /** Starts it. Rejects where there is no such program; whether it listens yet is for the caller to find out. */
    static start(command: readonly [string, ...string[]], options?: {
        readonly cwd?: string;
        readonly env?: NodeJS.ProcessEnv;
    }): Promise<Program>;
    get pid(): number;
    /** Microseconds of CPU, user and system, since it was started, in steps of 10,000: Linux counts no finer. */
    cpu(): Promise<number>;
    stop(): Promise<void>;
}
export {};
//# sourceMappingURL=child.d.ts.map