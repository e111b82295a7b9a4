// The simulations of `npm test`, half of them in each of two files, so that two cores share them. A thousand by default; `.ci/run` sets
// CARTEIRO_SIMULATIONS to ten thousand, and `npm run simulate -- --seeds 1000000` plays as many as you like.

import { expect } from "vitest";
import { again, campaign, emptyTally } from "./campaign.ts";

export const simulations = Number(process.env["CARTEIRO_SIMULATIONS"] ?? 1_000);

/** Plays every second one, from the seed given. */
export async function everySecond(first: 0 | 1): Promise<void> {
  const tally = emptyTally();
  const seeds = Array.from({ length: Math.ceil(simulations / 2) }, (_, index) => first + 2 * index);
  const failure = await campaign({ seeds, tally });
  if (failure !== undefined) throw new Error(again(failure), { cause: failure.error });
  for (const [name, number] of Object.entries(tally)) expect(number, name).toBeGreaterThan(simulations / 200);
}
