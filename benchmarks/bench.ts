// The bench: `npm run bench [-- QUESTION…] [--quick] [--rounds N] [--out FOLDER]`. Exits with 1 where a target was missed.

import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { leaveMeasuredCore, stamp } from "./harness/machine.ts";
import { page } from "./harness/page.ts";
import { plot } from "./harness/plot.ts";
import type { Question } from "./harness/question.ts";
import { ask, type Result } from "./harness/rounds.ts";
import { table } from "./harness/table.ts";

const folder = new URL("questions/", import.meta.url);
const known = readdirSync(folder).map((file) => file.replace(/\.ts$/, ""));

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { quick: { type: "boolean" }, rounds: { type: "string" }, out: { type: "string" } },
});
const unknown = positionals.find((name) => !known.includes(name));
const rounds = Number(values.rounds ?? "7");
if (unknown !== undefined || !Number.isInteger(rounds) || rounds < 1) {
  console.error(
    `Usage: npm run bench [-- QUESTION…] [--quick] [--rounds N] [--out FOLDER]\nQuestions: ${known.join(" ")}`,
  );
  process.exit(64);
}

leaveMeasuredCore();
const results: Result[] = [];
for (const name of positionals.length > 0 ? positionals : known) {
  const { default: question }: { default: Question } = await import(new URL(`${name}.ts`, folder).href);
  const result = await ask(name, question, { quick: values.quick ?? false }, rounds);
  results.push(result);
  console.log(table(result));
  // What has been found is not to be lost with a run that is broken off.
  if (values.out !== undefined) write(values.out);
}
if (results.some(({ verdicts }) => verdicts.some(({ met }) => !met))) process.exitCode = 1;

function write(out: string): void {
  mkdirSync(out, { recursive: true });
  const stamped = { ...stamp(), results };
  writeFileSync(join(out, "results.json"), `${JSON.stringify(stamped, undefined, 2)}\n`);
  writeFileSync(join(out, "README.md"), page(stamped));
  for (const result of results) writeFileSync(join(out, `${result.name}.svg`), plot(result));
}
