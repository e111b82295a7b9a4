// What does an event cost a session: interpreted by XState's pure functions, or compiled into a table?

import type { Question } from "../harness/question.ts";
import { nanosecondsEach, working } from "../harness/work.ts";

const script = new URL("../work/chart.ts", import.meta.url);

const question: Question = {
  title: "Chart: an event on the chart of POP3",
  metrics: [{ name: "cpu", unit: "ns an event", better: "less" }],
  contenders: [
    working("compiled", { script, kind: "compiled", times: 16_000_000, sample: nanosecondsEach }),
    working("interpreted", { script, kind: "interpreted", times: 32_000, sample: nanosecondsEach }),
  ],
  targets: [{ metric: "cpu", contender: "interpreted", against: "compiled", least: 60 }],
  bounds: [{ metric: "cpu", contender: "compiled", most: 150 }],
};
export default question;
