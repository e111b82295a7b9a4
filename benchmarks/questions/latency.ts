// How long does a transaction take a client while the server has little to do?

import type { Contender, Question, Sample } from "../harness/question.ts";
import { quantile } from "../harness/statistics.ts";
import { PacedLoad } from "../load/paced.ts";
import { about, described, started } from "../load/serving.ts";
import { everyServer } from "../servers/servers.ts";
import type { Server } from "../servers/server.ts";

const load = { connections: 20, octets: 1_024, rate: 500 };
const round = 2_000;
const quickRound = 100;

const question: Question = {
  title: "Latency: a transaction of 1 KB at 500 a second, lockstep",
  metrics: [
    { name: "p50", unit: "µs, half of them", better: "less" },
    { name: "p99", unit: "µs, 99 of 100", better: "less" },
  ],
  contenders: everyServer.map(answering),
};
export default question;

function answering(server: Server): Contender {
  return {
    ...described(server),
    start: async ({ quick }) => {
      const { running, load: paced } = await started(server, (address) => PacedLoad.open({ ...address, ...load }));
      return {
        round: async () => sample(await about(server, paced.run(quick ? quickRound : round))),
        stop: async () => {
          paced.close();
          await running.stop();
        },
      };
    },
  };
}

function sample(milliseconds: readonly number[]): Sample {
  const sorted = milliseconds.map((each) => each * 1_000).toSorted((a, b) => a - b);
  return { p50: quantile(sorted, 0.5), p99: quantile(sorted, 0.99) };
}
