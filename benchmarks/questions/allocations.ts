// How much does the engine allocate for a message? The young generation is so large that nothing is collected while it counts.

import type { Contender, Question, Sample } from "../harness/question.ts";
import { working } from "../harness/work.ts";

const script = new URL("../work/engine.ts", import.meta.url);
const youngGeneration = ["--min-semi-space-size=512", "--max-semi-space-size=512"];

function allocating(name: string, kind: string): Contender {
  const sample = ({ heap, arrays }: { heap: number; arrays: number }, times: number): Sample => ({
    heap: heap / times,
    arrays: arrays / times,
  });
  return working(name, { script, kind, times: 20_000, sample, nodeOptions: youngGeneration });
}

const question: Question = {
  title: "Allocations: a transaction of 1 KB in the engine",
  metrics: [
    { name: "heap", unit: "octets of heap", better: "less" },
    { name: "arrays", unit: "octets outside of it", better: "less" },
  ],
  contenders: [
    allocating("Carteiro, lockstep", "lockstep"),
    allocating("Carteiro, pipelined by group", "groups"),
    allocating("Carteiro, pipelined in full", "whole"),
  ],
};
export default question;
