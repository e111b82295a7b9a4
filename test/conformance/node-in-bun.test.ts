// The conformance suite in Bun, by @carteiro/node on Bun's own modules of Node's names.

import { conformanceCertificates } from "./certificates.ts";
import { bun, hear } from "./runtimes.ts";
import type { CaseOutcome } from "./suite.ts";
import { declareReportedCases } from "./vitest.ts";

declareReportedCases(
  "@carteiro/node in bun",
  async (tell) =>
    hear(bun, "report.ts", { certificates: await conformanceCertificates() }, (word) => tell(word as CaseOutcome)),
  bun.absent,
);
