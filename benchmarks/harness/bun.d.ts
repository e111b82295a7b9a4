/** For contenders that are scripts of ours. */
export declare const bun: {
    runtime: string;
    missing: () => "not installed" | undefined;
    version: () => string;
};
//# sourceMappingURL=bun.d.ts.map