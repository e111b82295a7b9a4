// The conformance suite in Deno, by @carteiro/node on Deno's own modules of Node's names.

import { conformanceCertificates } from "./certificates.ts";
import { deno, hear } from "./runtimes.ts";
import type { CaseOutcome } from "./suite.ts";
import { declareReportedCases } from "./vitest.ts";

const gaps = {
  "a sender is held back under TLS by a reader who does not read":
    "Deno's TLSSocket goes on reading while it is paused, and keeps what comes (seen in 2.9.6, after denoland/deno#33524)",
};

declareReportedCases(
  "@carteiro/node in deno",
  async (tell) =>
    hear(deno, "report.ts", { certificates: await conformanceCertificates(), gaps }, (word) =>
      tell(word as CaseOutcome),
    ),
  deno.absent,
);
