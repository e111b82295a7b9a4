// Servers as contenders: what a mail costs them under one load, in CPU time of their own and by the clock.

import type { Contender, Metric } from "../harness/question.ts";
import type { Server, ServerOptions } from "../servers/server.ts";

/** Load on one server, ready to run. */
export interface Load {
  /** Goes on for so many milliseconds, and a little longer until all has been answered; gives how many mails were accepted. */
  run(milliseconds: number): Promise<number>;
  close(): void;
}

export const servingMetrics: readonly Metric[] = [
  { name: "cpu", unit: "µs of CPU a mail", better: "less" },
  { name: "rate", unit: "mails a second", better: "more" },
];

const round = 1_000;
const quickRound = 100;

/** The server under the load that is opened on its port. */
export function serving(server: Server, open: (port: number) => Promise<Load>, options?: ServerOptions): Contender {
  return {
    name: server.name,
    ...(server.missing && { missing: server.missing }),
    ...(server.version && { version: server.version }),
    start: async ({ quick }) => {
      const running = await server.start(options);
      const load = await open(running.port);
      return {
        round: async () => {
          const before = await running.cpu();
          const from = performance.now();
          const mails = await load.run(quick ? quickRound : round);
          const seconds = (performance.now() - from) / 1_000;
          return { cpu: ((await running.cpu()) - before) / mails, rate: mails / seconds };
        },
        stop: async () => {
          load.close();
          await running.stop();
        },
      };
    },
  };
}
