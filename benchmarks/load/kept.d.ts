import { type KeptOptions } from "./kept-connection.ts";
export declare class KeptLoad {
    #private;
    private constructor();
    /** Opens all connections, as far as the reply to EHLO. */
    static open(options: KeptOptions): Promise<KeptLoad>;
    /** Sends mail for so many milliseconds, and waits for the last replies; gives how many mails were accepted. */
    run(milliseconds: number): Promise<number>;
    close(): void;
}
//# sourceMappingURL=kept.d.ts.map