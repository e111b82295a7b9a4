import { type Address } from "./socket.ts";
/**
 * How far a client goes before it waits: for each reply; MAIL, RCPT and DATA as a group, then the content; or the content and
 * the next group at once.
 */
export type Pipelining = "lockstep" | "groups" | "whole";
export interface KeptOptions extends Address {
    readonly connections: number;
    readonly pipelining: Pipelining;
    /** Octets of a mail. */
    readonly octets: number;
    /** Recipients of a mail. Default: 1. */
    readonly recipients?: number;
    /** Mails on their way at once on one connection, where they are pipelined whole. Default: 1. */
    readonly window?: number;
}
interface Step {
    readonly octets: Buffer;
    /** Replies to wait for before the next step. */
    readonly replies: number;
}
/** What is sent, and what is expected, made once for all connections. */
export declare class Script {
    /** Sent before the first mail. */
    readonly opening: readonly Step[];
    /** Sent for each mail: where it is one step, as often over as mails may be on their way. */
    readonly mail: readonly Step[];
    /** First digits of the replies. */
    readonly once: string;
    readonly repeated: string;
    readonly window: number;
    constructor({ pipelining, octets, recipients, window }: KeptOptions);
}
export declare class KeptConnection {
    #private;
    private constructor();
    static open(address: Address, script: Script): Promise<KeptConnection>;
    /** Sends mails until then, one at least, and gives how many were accepted. */
    run(until: number): Promise<number>;
    close(): void;
}
export {};
//# sourceMappingURL=kept-connection.d.ts.map