// `npm run simulate`: simulations by the million, on all cores; or one, with all that was said in it.

import { availableParallelism } from "node:os";
import { inspect, parseArgs } from "node:util";
import { Worker } from "node:worker_threads";
import type { Overheard } from "@carteiro/testing";
import { again, emptyTally, simulate, type Tally } from "./campaign.ts";
import { scenarioOf } from "./scenario.ts";
import type { Range, RangePlayed } from "./worker.ts";

const usage = `npm run simulate -- [--seeds N] [--from N] [--jobs N]
npm run simulate -- --seed N [--verbose]

  --seeds    how many, 10,000 by default
  --from     the first of them, 0 by default
  --jobs     how many at once, one a core by default
  --seed     this one alone
  --verbose  what it is about, and what is said`;

/** Seeds that a worker is given at a time. */
const portion = 500;
/** Milliseconds between two lines of progress. */
const progress = 10_000;

process.exitCode = await main();

async function main(): Promise<number> {
  const given = readArguments();
  if (typeof given === "string") {
    console.error(`${given}\n\n${usage}`);
    return 64;
  }
  return given.seed === undefined ? all(given) : one(given.seed, given.verbose);
}

async function one(seed: number, verbose: boolean): Promise<number> {
  if (verbose) console.log(inspect(scenarioOf(seed), { depth: 4, maxStringLength: 200 }));
  try {
    await simulate(seed, verbose ? show : undefined);
  } catch (error) {
    console.error(error);
    return 1;
  }
  console.log(`Seed ${seed}: all is as it must be`);
  return 0;
}

function show({ at, connection, from, secured, octets }: Overheard): void {
  const text = JSON.stringify(Buffer.from(octets).toString("latin1"));
  console.log(`${at.toFixed(0).padStart(9)} ms  #${connection} ${from}${secured ? " (TLS)" : ""}: ${text}`);
}

async function all({ from, seeds, jobs }: { readonly from: number; readonly seeds: number; readonly jobs: number }) {
  const tally = emptyTally();
  const began = performance.now();
  let next = from;
  let failure: RangePlayed["failure"];
  let told = began;
  const range = (): Range | undefined => {
    if (failure !== undefined || next >= from + seeds) return undefined;
    const first = next;
    next = Math.min(first + portion, from + seeds);
    return { from: first, to: next };
  };
  const played = (result: RangePlayed) => {
    add(tally, result.tally);
    failure ??= result.failure;
    if (performance.now() - told < progress) return;
    told = performance.now();
    console.log(`${tally.simulations} of ${seeds} after ${Math.round((told - began) / 1_000)} s`);
  };
  await Promise.all(Array.from({ length: jobs }, () => work(range, played)));
  const { simulations, ...counts } = tally;
  const summary = Object.entries(counts).map(([name, number]) => `${number} ${name}`);
  console.log(
    `${simulations} simulations in ${Math.round((performance.now() - began) / 1_000)} s; messages: ${summary.join(", ")}`,
  );
  if (failure === undefined) return 0;
  console.error(`\n${failure.error}\n\nAgain: ${again(failure)}`);
  return 1;
}

/** One worker, range by range, until there is none left. */
function work(range: () => Range | undefined, played: (result: RangePlayed) => void): Promise<void> {
  const worker = new Worker(new URL("./worker.ts", import.meta.url));
  return new Promise<void>((resolve, reject) => {
    const go = () => {
      const given = range();
      if (given === undefined) resolve();
      else worker.postMessage(given);
    };
    worker.on("message", (result: RangePlayed) => {
      played(result);
      go();
    });
    worker.on("error", reject);
    go();
  }).finally(() => void worker.terminate());
}

function add(tally: Tally, other: Tally): void {
  for (const name of Object.keys(tally) as (keyof Tally)[]) tally[name] += other[name];
}

/** What is to be done, or what is wrong with how it was said. */
function readArguments() {
  const option = { type: "string" } as const;
  try {
    const { values } = parseArgs({
      options: { seeds: option, from: option, jobs: option, seed: option, verbose: { type: "boolean" } },
    });
    return {
      seeds: number(values.seeds) ?? 10_000,
      from: number(values.from) ?? 0,
      jobs: number(values.jobs) ?? availableParallelism(),
      seed: number(values.seed),
      verbose: values.verbose ?? false,
    };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function number(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) throw new Error(`${text} is no whole number`);
  return value;
}
