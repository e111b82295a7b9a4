import { type Socket } from "node:net";
export interface Address {
    readonly port: number;
    /** The server's address: one in the loopback network, which is all of 127.0.0.0/8. Default: 127.0.0.1. */
    readonly host?: string;
    /** The authority to trust, in PEM; the connection then begins with a full TLS handshake. */
    readonly ca?: string;
}
export interface Listener {
    /** The first octets of the buffer have just come; the next overwrite them. */
    received(buffer: Uint8Array, length: number): void;
    /** The server has ended the connection, or it broke. */
    gone(error: Error | undefined): void;
}
export declare function openSocket(address: Address, listener: Listener): Socket;
/** What the promise comes to; rejects where it comes to nothing for a minute. */
export declare function soon<Outcome>(what: string, promise: Promise<Outcome>): Promise<Outcome>;
//# sourceMappingURL=socket.d.ts.map