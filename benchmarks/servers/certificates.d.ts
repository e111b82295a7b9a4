import type { Certificates } from "../../packages/cli/src/certificate.ts";
export declare function certificates(): Promise<Certificates>;
//# sourceMappingURL=certificates.d.ts.map