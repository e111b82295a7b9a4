// The conformance suite in workerd, by @carteiro/workers.

import { workerdAbsent } from "../support/workerd.ts";
import { conformanceCertificates } from "./certificates.ts";
import { caseNames, type CaseOutcome } from "./suite.ts";
import { declareReportedCases } from "./vitest.ts";
import { startHarness } from "./workers-runtime.ts";

const gaps: Readonly<Record<string, string>> = {
  "a client that does not read its replies is not read either":
    "the runtime cannot break off a connection that has octets to send before the request is over; no issue known",
  "a server that closes says so with 421": "a worker is ended by its platform, and is not told before; no issue known",
  "a server gives up a client that does not come to the handshake of implicit TLS":
    "the runtime shakes hands before it hands a connection over, and waits for longer than that; no issue known",
};

declareReportedCases(
  "workers",
  async (tell) => {
    await using harness = await startHarness(await conformanceCertificates());
    for (const name of caseNames) tell((await harness.ask({ name, gaps })) as CaseOutcome);
  },
  workerdAbsent,
);
