import { type Server } from "./server.ts";
/** The least Node server possible. */
export declare const floor: Server;
export declare const carteiro: Server;
/** Carteiro in Bun, on Bun's own sockets and on Node's. */
export declare const inBun: readonly Server[];
export declare const smtpServer: Server;
export declare const haraka: Server;
export declare const aiosmtpd: Server;
/** Postfix's, in C: it answers every command with yes, and throws the content away. */
export declare const smtpSink: Server;
/** The servers that speak for themselves, and all that the bench compares with. */
export declare const everyServer: readonly Server[];
//# sourceMappingURL=servers.d.ts.map