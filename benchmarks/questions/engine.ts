// What does a whole transaction cost the engine alone: MAIL, one RCPT, DATA, 1 KB of content?

import type { Question } from "../harness/question.ts";
import { microsecondsEach, working } from "../harness/work.ts";

const script = new URL("../work/engine.ts", import.meta.url);
const times = 200_000;

const question: Question = {
  title: "Engine: a transaction of 1 KB, without a kernel",
  metrics: [{ name: "cpu", unit: "µs a transaction", better: "less" }],
  contenders: [
    working("Carteiro, lockstep", { script, kind: "lockstep", times, sample: microsecondsEach }),
    working("Carteiro, pipelined by group", { script, kind: "groups", times, sample: microsecondsEach }),
    working("Carteiro, pipelined in full", { script, kind: "whole", times, sample: microsecondsEach }),
  ],
  bounds: [{ metric: "cpu", contender: "Carteiro, lockstep", most: 5 }],
};
export default question;
