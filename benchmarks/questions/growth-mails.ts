// Does what a mail costs a server grow with the mails that the connection has brought before?

import type { Contender, Question } from "../harness/question.ts";
import { KeptLoad } from "../load/kept.ts";
import { measured } from "../load/serving.ts";
import { carteiro } from "../servers/servers.ts";

const round = 200;
const nameOf = (before: number) => `Carteiro, after ${before.toLocaleString("en")} mails`;

const question: Question = {
  title: "Growth: mails of 1 KB on one connection, many on their way",
  metrics: [{ name: "cpu", unit: "µs of CPU a mail", better: "less" }],
  contenders: [after(0), after(100_000)],
  targets: [{ metric: "cpu", contender: nameOf(100_000), against: nameOf(0), most: 1.3 }],
};
export default question;

/** On a new connection each round. */
function after(before: number): Contender {
  return {
    name: nameOf(before),
    start: async ({ quick }) => {
      const running = await carteiro.start();
      const { port } = running;
      return {
        round: async () => {
          const load = await KeptLoad.open({ port, connections: 1, pipelining: "whole", octets: 1_024, window: 50 });
          for (let sent = 0; sent < (quick ? before / 100 : before);) sent += await load.run(round);
          const { cpu = Number.NaN } = await measured(running, load, round);
          load.close();
          return { cpu };
        },
        stop: () => running.stop(),
      };
    },
  };
}
