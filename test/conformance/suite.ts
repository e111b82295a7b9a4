// The conformance suite: what Carteiro promises, tried inside of a runtime by the runtime's own adapter.
// Runtime-neutral: web standards and @carteiro packages alone, so that workers and browsers can bundle it.

import type { ConformanceAdapter, ConformanceCase } from "./adapter.ts";
import { contentCases } from "./cases/content.ts";
import { crowdCases } from "./cases/crowd.ts";
import { endingCases } from "./cases/ending.ts";
import { extensionCases } from "./cases/extensions.ts";
import { openingCases } from "./cases/opening.ts";
import { resetCases } from "./cases/reset.ts";
import { startTlsCases } from "./cases/starttls.ts";
import { timeoutCases } from "./cases/timeouts.ts";
import { verificationCases } from "./cases/verification.ts";
import type { CaseDefinition } from "./case.ts";
import { within } from "./expectations.ts";

/** What became of a case; as JSON it crosses from one runtime to another. */
export interface CaseOutcome {
  readonly name: string;
  readonly result: "passed" | "failed" | "skipped";
  /** Why it was skipped, or how it failed. */
  readonly detail?: string;
  readonly milliseconds: number;
}

/** Longest that a case may take. */
const longest = 30_000;

const definitions: readonly CaseDefinition[] = [
  ...openingCases,
  ...startTlsCases,
  ...verificationCases,
  ...extensionCases,
  ...contentCases,
  ...endingCases,
  ...resetCases,
  ...timeoutCases,
  ...crowdCases,
];

/** The names of all cases, the same in every runtime. */
export const caseNames: readonly string[] = definitions.map(({ name }) => name);

/** The cases for one runtime. To be run one after the other. */
export function conformance<Place>(adapter: ConformanceAdapter<Place>): ConformanceCase[] {
  const { gaps = {} } = adapter;
  const unknown = Object.keys(gaps).filter((name) => !caseNames.includes(name));
  if (unknown.length > 0) throw new Error(`Gaps of cases that there are not: ${unknown.join("; ")}`);
  return definitions.map(({ name, needs, run }) => {
    const missing = needs?.find((feature) => !adapter.features[feature]);
    const skip = gaps[name] ?? (missing && `the runtime's transports cannot do it: ${missing}`);
    return { name, ...(skip !== undefined && { skip }), run: () => within(run(adapter), longest, name) };
  });
}

/** Runs all cases one after the other, and tells of each as soon as it is over. For runtimes without a test runner. */
export async function runCases(
  cases: readonly ConformanceCase[],
  tell: (outcome: CaseOutcome) => void | Promise<void>,
): Promise<void> {
  for (const one of cases) await tell(await outcomeOf(one));
}

export async function outcomeOf({ name, skip, run }: ConformanceCase): Promise<CaseOutcome> {
  if (skip !== undefined) return { name, result: "skipped", detail: skip, milliseconds: 0 };
  const begin = Date.now();
  try {
    await run();
    return { name, result: "passed", milliseconds: Date.now() - begin };
  } catch (error) {
    const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { name, result: "failed", detail, milliseconds: Date.now() - begin };
  }
}
