// Simulations one after the other, seed by seed, up to the first that is not as it must be.

import assert from "node:assert/strict";
import { SmtpError } from "@carteiro/driver";
import type { Overheard } from "@carteiro/testing";
import { play, type Account } from "./play.ts";
import { scenarioOf } from "./scenario.ts";
import { judge } from "./truth.ts";

/** How many sends came out how: it shows that simulations are about something. */
export interface Tally {
  simulations: number;
  accepted: number;
  refused: number;
  uncertain: number;
  failed: number;
  unopened: number;
}

export interface Failure {
  readonly seed: number;
  readonly error: unknown;
}

export interface CampaignOptions {
  readonly seeds: Iterable<number>;
  readonly tally: Tally;
}

/** Of so many simulations one is played twice. */
const repeated = 50;

export function emptyTally(): Tally {
  return { simulations: 0, accepted: 0, refused: 0, uncertain: 0, failed: 0, unopened: 0 };
}

/** The first seed that fails; all are counted. */
export async function campaign({ seeds, tally }: CampaignOptions): Promise<Failure | undefined> {
  for (const seed of seeds) {
    try {
      const account = await simulate(seed);
      count(account, tally);
      if (seed % repeated === 0) assert.deepEqual(await simulate(seed), account, "it is another the second time");
    } catch (error) {
      return { seed, error };
    }
  }
}

/** Rejects where something is not as it must be, also in a promise that nobody waits for. */
export async function simulate(seed: number, watch?: (said: Overheard) => void): Promise<Account> {
  const escaped: unknown[] = [];
  const escape = (error: unknown) => void escaped.push(error);
  process.on("unhandledRejection", escape);
  try {
    const scenario = scenarioOf(seed);
    const account = await play(scenario, watch);
    assert.deepEqual(escaped, [], "an exception escaped");
    judge(scenario, account);
    return account;
  } finally {
    process.off("unhandledRejection", escape);
  }
}

function count({ outcomes, unopened }: Account, tally: Tally): void {
  tally.simulations += 1;
  if (unopened !== undefined) tally.unopened += 1;
  for (const { result, error } of outcomes) {
    if (result?.recipients.some(({ accepted }) => accepted) === true) tally.accepted += 1;
    else if (result !== undefined) tally.refused += 1;
    else if (error instanceof SmtpError && error.uncertain) tally.uncertain += 1;
    else tally.failed += 1;
  }
}

/** What repeats a failure, with its dialogue. */
export function again({ seed }: Failure): string {
  return `npm run simulate -- --seed ${seed} --verbose`;
}
