// What does an event cost a session: interpreted by XState's pure functions, or compiled into a table? On the POP3 chart.
// Exits with 1 where compiling gains less than it is there for.

import { compile } from "../packages/core/src/engine/compile.ts";
import { interpret } from "../packages/core/src/engine/interpret.ts";
import type { Program } from "../packages/core/src/engine/runner.ts";
import { pop3Chart } from "../test/support/pop3-chart.ts";
import type { Pop3Facts, Pop3Happening } from "../test/support/pop3-chart.ts";

const leastRatio = 60;
const rounds = 7;

const facts: Pop3Facts = { sizes: [1200, 340, 560_000], deleted: new Set([2]) };

/** One connection: a failed login, a good one, a look around, one deletion. */
const dialogue: readonly Pop3Happening[] = [
  { type: "USER", argument: "ana" },
  { type: "PASS", argument: "wrong" },
  { type: "REJECTED", text: "No" },
  { type: "USER", argument: "ana" },
  { type: "PASS", argument: "right" },
  { type: "ACCEPTED" },
  { type: "STAT", argument: "" },
  { type: "LIST", argument: "" },
  { type: "LIST", argument: "3" },
  { type: "RETR", argument: "1" },
  { type: "RETR", argument: "9" },
  { type: "DELE", argument: "1" },
  { type: "UNKNOWN" },
  { type: "NOOP", argument: "" },
  { type: "QUIT", argument: "" },
  { type: "ACCEPTED" },
];

interface Cost {
  /** Nanoseconds for making a runner. */
  readonly start: number;
  /** Nanoseconds an event. */
  readonly event: number;
}

const interpreted = cost(interpret(pop3Chart), 200);
const compiled = cost(compile(pop3Chart), 20_000);
const ratio = interpreted.event / compiled.event;

console.table({
  interpreted: { "ns a start": Math.round(interpreted.start), "ns an event": Math.round(interpreted.event) },
  compiled: { "ns a start": Math.round(compiled.start), "ns an event": Math.round(compiled.event) },
});
console.log(`Compiled, an event costs ${ratio.toFixed(0)} times less; at least ${leastRatio} is asked.`);
if (ratio < leastRatio) process.exitCode = 1;

/** The cost in the best of several rounds, each with as many connections as said. */
function cost(program: Program<Pop3Facts, Pop3Happening>, connections: number): Cost {
  let best: Cost = { start: Infinity, event: Infinity };
  for (let round = 0; round < rounds; round++) {
    const { start, event } = measure(program, connections);
    best = { start: Math.min(best.start, start), event: Math.min(best.event, event) };
  }
  return best;
}

function measure(program: Program<Pop3Facts, Pop3Happening>, connections: number): Cost {
  const before = performance.now();
  const runners = Array.from({ length: connections }, () => program.start(facts).runner);
  const started = performance.now();
  let actions = 0;
  for (const runner of runners) {
    for (const event of dialogue) actions += runner.send(event, facts).length;
  }
  const ended = performance.now();
  // What is counted is used, so that no compiler leaves the work out.
  if (actions === 0 || !runners.every(({ done }) => done)) throw new Error("The dialogue did not run to its end");
  const nanoseconds = 1e6;
  return {
    start: ((started - before) * nanoseconds) / connections,
    event: ((ended - started) * nanoseconds) / (connections * dialogue.length),
  };
}
