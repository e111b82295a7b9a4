import type { RunningServer } from "./server.ts";
/** Starts a server that is told its port, and waits until it listens. */
export declare function startProgram(command: (port: number) => readonly [string, ...string[]], env?: NodeJS.ProcessEnv): Promise<RunningServer>;
/** The folder that Postfix lies in: as CARTEIRO_POSTFIX says, where `.ci/peers.sh` unpacks it, or the system's. */
export declare function postfixFolder(program: string): string | undefined;
/** A Python that has this module: the one that CARTEIRO_PYTHON names, the first on the path, or the system's. */
export declare function pythonWith(module: string): string | undefined;
//# sourceMappingURL=installed.d.ts.map