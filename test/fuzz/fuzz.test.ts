// A short campaign against each side, the same at every run: `npm run fuzz -- server` makes longer ones.

import { expect, test } from "vitest";
import { campaign } from "./campaign.ts";
import { written } from "./report.ts";

test.each([
  { role: "server", runs: 2_500, atLeast: 200 },
  { role: "client", runs: 2_500, atLeast: 200 },
] as const)("a $role's session stands $runs scripts made of the transcripts", ({ role, runs, atLeast }) => {
  const { failure, features } = campaign({ role, seed: 5_321, runs });
  if (failure !== undefined) {
    const file = written(failure.script, failure.error);
    throw new Error(`npm run fuzz -- ${role} --replay ${file}`, { cause: failure.error });
  }
  expect(features).toBeGreaterThan(atLeast);
});

test("a campaign is the same from the same seed", () => {
  const options = { role: "client", seed: 7, runs: 600 } as const;
  expect(campaign(options)).toEqual(campaign(options));
});
