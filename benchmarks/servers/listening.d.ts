import { type Server } from "node:net";
/** Connections not yet accepted: load comes in bursts. */
export declare const backlog = 4096;
/** Has a server of Node's listen on all addresses of the loopback network. */
export declare function listening(server: Server): Promise<{
    readonly port: number;
}>;
/** Settles once somebody listens on the port of 127.0.0.1. */
export declare function whenOpen(port: number): Promise<void>;
//# sourceMappingURL=listening.d.ts.map