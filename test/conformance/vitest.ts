// The suite as tests of vitest: run here, or elsewhere and reported here.

import { describe, test } from "vitest";
import type { ConformanceAdapter } from "./adapter.ts";
import { caseNames, conformance, type CaseOutcome } from "./suite.ts";

/** Declares the cases of an adapter that runs in this very process. */
export function declareCases<Place>(runtime: string, adapter: ConformanceAdapter<Place>): void {
  describe(`conformance of ${runtime}`, () => {
    for (const { name, skip, run } of conformance(adapter))
      test(name, async (context) => (skip === undefined ? run() : context.skip(skip)));
  });
}

/**
 * Declares the cases of a runtime that runs them elsewhere. `run` starts them, tells each outcome as it comes, and settles when
 * all have been told; it is called once. `absent`: why the runtime is not there; then every case is skipped, unless
 * CARTEIRO_REQUIRE_PEERS is set.
 */
export function declareReportedCases(
  runtime: string,
  run: (tell: (outcome: CaseOutcome) => void) => Promise<void>,
  absent?: string,
): void {
  const required = process.env["CARTEIRO_REQUIRE_PEERS"] !== undefined;
  describe(`conformance of ${runtime}`, () => {
    if (absent !== undefined && !required) {
      test.skip(`is not tried: ${absent}`);
      return;
    }
    const told = new Told(run);
    for (const name of caseNames)
      test(name, { timeout: 120_000 }, async (context) => {
        if (absent !== undefined) throw new Error(absent);
        const { result, detail } = await told.outcome(name);
        if (result === "skipped") context.skip(detail);
        if (result === "failed") throw new Error(detail);
      });
  });
}

/** Outcomes by name, for whoever waits for one. */
class Told {
  readonly #run: (tell: (outcome: CaseOutcome) => void) => Promise<void>;
  readonly #outcomes = new Map<string, PromiseWithResolvers<CaseOutcome>>();
  #running: Promise<void> | undefined;

  constructor(run: (tell: (outcome: CaseOutcome) => void) => Promise<void>) {
    this.#run = run;
    for (const name of caseNames) this.#outcomes.set(name, Promise.withResolvers());
  }

  async outcome(name: string): Promise<CaseOutcome> {
    this.#running ??= this.#run((outcome) => this.#outcomes.get(outcome.name)?.resolve(outcome));
    const missing = this.#running.then(() => {
      throw new Error("The runtime has ended and has not told of this case");
    });
    return Promise.race([this.#outcomes.get(name)?.promise ?? missing, missing]);
  }
}
