// `npm run fuzz -- server` and `npm run fuzz -- client`: random sessions for a time, each time others. Says the seed, and where
// something fails a line that plays it again.

import { parseArgs } from "node:util";
import { campaign, check } from "./campaign.ts";
import { scriptIn, written } from "./report.ts";

const usage = `npm run fuzz -- server|client [--seconds N] [--runs N] [--seed N] [--replay FILE]

  --seconds  how long, 60 by default, or else
  --runs     how many scripts, from the same seed always the same
  --seed     default: another each time
  --replay   plays the script of a failure's file again`;

process.exitCode = main();

function main(): number {
  const given = readArguments();
  if (typeof given === "string") {
    console.error(`${given}\n\n${usage}`);
    return 64;
  }
  const { role, values } = given;
  if (values.replay !== undefined) return replay(values.replay);
  const { runs, seed = Math.floor(Math.random() * 2 ** 32) } = values;
  const seconds = values.seconds ?? (runs === undefined ? 60 : undefined);
  console.log(`${role}: seed ${seed}`);
  const started = performance.now();
  const result = campaign({
    role,
    seed,
    ...(runs !== undefined && { runs }),
    ...(seconds !== undefined && { seconds }),
  });
  const took = Math.round((performance.now() - started) / 1_000);
  const counts = `${result.runs} scripts in ${took} s, ${result.features} different things done`;
  if (result.failure === undefined) {
    console.log(`${role}: nothing failed in ${counts}`);
    return 0;
  }
  const file = written(result.failure.script, result.failure.error);
  console.error(`${role}: failed after ${counts}\n`);
  console.error(result.failure.error);
  console.error(`\nAgain:          npm run fuzz -- ${role} --replay ${file}`);
  console.error(`From the start: npm run fuzz -- ${role} --seed ${seed} --runs ${result.runs + 1}`);
  return 1;
}

function replay(file: string): number {
  try {
    check(scriptIn(file));
  } catch (error) {
    console.error(error);
    return 1;
  }
  console.log("It does not fail any more");
  return 0;
}

/** What is to be done, or what is wrong with how it was said. */
function readArguments() {
  const option = { type: "string" } as const;
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: { seconds: option, runs: option, seed: option, replay: option },
    });
    const [role] = positionals;
    if (role !== "server" && role !== "client") return "Name a side: server or client";
    const numbers = { seconds: number(values.seconds), runs: number(values.runs), seed: number(values.seed) };
    return { role, values: { ...numbers, replay: values.replay } } as const;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function number(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (Number.isFinite(value) && value >= 0) return value;
  throw new RangeError(`${text} is no number`);
}
