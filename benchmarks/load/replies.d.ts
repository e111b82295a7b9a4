export declare class ReplyCounter {
    #private;
    /** First digits: of the replies that come once, and of those that come over and over, for example `22` and `2232`. */
    constructor(once: string, repeated: string);
    /** Replies that end in this chunk. Throws for one of another class. */
    count(chunk: Uint8Array, length: number): number;
}
//# sourceMappingURL=replies.d.ts.map