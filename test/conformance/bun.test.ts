// The conformance suite in Bun, by @carteiro/bun.

import { conformanceCertificates } from "./certificates.ts";
import { bun, hear } from "./runtimes.ts";
import type { CaseOutcome } from "./suite.ts";
import { declareReportedCases } from "./vitest.ts";

declareReportedCases(
  "bun",
  async (tell) =>
    hear(bun, "bun/report.ts", { certificates: await conformanceCertificates() }, (word) => tell(word as CaseOutcome)),
  bun.absent,
);
