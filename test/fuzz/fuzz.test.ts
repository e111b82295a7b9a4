// A short campaign against each side, the same at every run: `npm run fuzz -- server` makes longer ones.

import { expect, test } from "vitest";
import { campaign } from "./campaign.ts";
import { written } from "./report.ts";

test.each([
  { role: "server", runs: 3_000, atLeast: 500 },
  { role: "client", runs: 3_000, atLeast: 300 },
] as const)("a $role's session stands $runs scripts made of the transcripts", ({ role, runs, atLeast }) => {
  const { failure, features } = campaign({ role, seed: 5_321, runs });
  if (failure !== undefined) {
    const file = written(failure.script, failure.error);
    throw new Error(`npm run fuzz -- ${role} --replay ${file}`, { cause: failure.error });
  }
  expect(features).toBeGreaterThan(atLeast);
});
