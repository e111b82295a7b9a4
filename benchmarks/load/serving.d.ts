import type { Contender, Metric, Sample } from "../harness/question.ts";
import type { RunningServer, Server, ServerOptions } from "../servers/server.ts";
import type { Address } from "./socket.ts";
/** Load on one server, ready to run. */
export interface Load {
    /** Goes on for so many milliseconds, and a little longer until all has been answered; gives how many mails were accepted. */
    run(milliseconds: number): Promise<number>;
    close(): void;
}
export declare const servingMetrics: readonly Metric[];
export interface ServingOptions extends Omit<ServerOptions, "tls"> {
    /** Whether connections begin with TLS. Default: no. */
    readonly secure?: boolean;
}
/** Opens load on a server. */
export type Open<Opened> = (address: Address) => Opened | Promise<Opened>;
/** The server under the load that is opened on it. */
export declare function serving(server: Server, open: Open<Load>, options?: ServingOptions): Contender;
/** The contender under another name, its CPU not for a mail but for each of so many parts of it, in the unit that is so many times finer. */
export declare function perPart(name: string, contender: Contender, parts: number, finer?: number): Contender;
/** Name and version of a contender that is this server. */
export declare function described({ name, missing, version }: Server): Pick<Contender, "name" | "missing" | "version">;
/** Starts the server and opens the load on it, or neither. */
export declare function started<Opened>(server: Server, open: Open<Opened>, { secure, ...options }?: ServingOptions): Promise<{
    readonly running: RunningServer;
    readonly load: Opened;
}>;
/** The same; where it fails the error names the server. */
export declare function about<Outcome>({ name }: Server, outcome: Outcome | Promise<Outcome>): Promise<Outcome>;
/** Runs the load for so many milliseconds. */
export declare function measured(running: RunningServer, load: Load, milliseconds: number): Promise<Sample>;
//# sourceMappingURL=serving.d.ts.map