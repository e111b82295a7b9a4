// The conformance suite in workerd, by @carteiro/workers.

import { join } from "node:path";
import { startWorker, workerdAbsent, type WorkerSocket } from "../support/workerd.ts";
import { conformanceCertificates } from "./certificates.ts";
import { caseNames, type CaseOutcome } from "./suite.ts";
import { declareReportedCases } from "./vitest.ts";
import type { Asked } from "./workers-harness.ts";

const gaps: Readonly<Record<string, string>> = {
  "a client that does not read its replies is not read either":
    "the runtime cannot break off a connection that has octets to send before the request is over; no issue known",
  "a server that closes says so with 421": "a worker is ended by its platform, and is not told before; no issue known",
  "a server gives up a client that does not come to the handshake of implicit TLS":
    "the runtime shakes hands before it hands a connection over, and waits for longer than that; no issue known",
};

const { trusted, pairs } = await conformanceCertificates();

declareReportedCases(
  "workers",
  async (tell) => {
    const entry = join(import.meta.dirname, "workers-harness.ts");
    await using worker = await startWorker({ entry, trusted, sockets: sockets(), longest: 600_000 });
    for (const name of caseNames) {
      const asked: Asked = { ports: worker.ports, gaps, name };
      const url = `http://127.0.0.1:${worker.ports["http"]}/`;
      const response = await fetch(url, { method: "POST", body: JSON.stringify(asked) });
      tell((await response.json()) as CaseOutcome);
    }
  },
  workerdAbsent,
);

function sockets(): Record<string, WorkerSocket> {
  const secured = Object.entries(pairs).flatMap(([name, pair]) =>
    (["startTls", "implicit"] as const).map((mode) => [`${name}-${mode}`, { protocol: "tcp", tls: { ...pair, mode } }]),
  );
  const plain = ["plain1", "plain2", "plain3"].map((name) => [name, { protocol: "tcp" }]);
  return Object.fromEntries([["http", { protocol: "http" }], ...plain, ...secured]) as Record<string, WorkerSocket>;
}
