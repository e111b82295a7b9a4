export interface Server {
    readonly name: string;
    /** Why it cannot be started on this machine, where it cannot. */
    readonly missing?: () => string | undefined;
    /** Version, where it is not ours. */
    readonly version?: () => string | undefined;
    readonly start: (options?: ServerOptions) => Promise<RunningServer>;
}
export interface ServerOptions {
    /** Key and certificate; the server then begins each connection with TLS. Only floor, Carteiro and smtp-server can. */
    readonly tls?: {
        readonly key: string;
        readonly cert: string;
    };
    /** Octets that a mail may have. Only Carteiro is told: the others have no limit, or one that is high enough. */
    readonly messageSize?: number;
    /** For Node, such as `--expose-gc`. Ignored by servers that do not run on it. */
    readonly nodeOptions?: readonly string[];
}
export interface RunningServer {
    /** On 127.0.0.1, and on every other address of the loopback network. */
    readonly port: number;
    readonly pid: number;
    /** Microseconds of CPU, user and system, since it was started. */
    cpu(): Promise<number>;
    /** Octets in use after a collection. Only servers on Node tell, started with `--expose-gc`. */
    memory?(): Promise<NodeJS.MemoryUsage>;
    stop(): Promise<void>;
}
/**
 * A server in a script of ours, which calls `serveParent` with a task `listen` that answers `{ port }`. `runtime`: the program that
 * runs it, by default this Node.
 */
export declare function scripted(name: string, script: string, { runtime, ...more }?: Pick<Server, "missing" | "version"> & {
    readonly runtime?: string;
}): Server;
//# sourceMappingURL=server.d.ts.map