// The conformance suite in Bun, by @carteiro/node on Bun's own modules of Node's names.

import { conformanceCertificates } from "./certificates.ts";
import { bun, start } from "./runtimes.ts";
import type { CaseOutcome } from "./suite.ts";
import { declareReportedCases } from "./vitest.ts";

declareReportedCases(
  "@carteiro/node in bun",
  async (tell) => {
    const report = start(bun, "report.ts", { certificates: await conformanceCertificates() });
    for await (const outcome of report.words) tell(outcome as CaseOutcome);
  },
  bun.absent,
);
