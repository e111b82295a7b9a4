// Servers as contenders: what a mail costs them under one load, in CPU time of their own and by the clock.

import type { Contender, Metric, Sample } from "../harness/question.ts";
import type { RunningServer, Server, ServerOptions } from "../servers/server.ts";

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
export function serving(
  server: Server,
  open: (port: number) => Load | Promise<Load>,
  options?: ServerOptions,
): Contender {
  return {
    ...described(server),
    start: async ({ quick }) => {
      const { running, load } = await started(server, open, options);
      return {
        round: () => about(server, measured(running, load, quick ? quickRound : round)),
        stop: async () => {
          load.close();
          await running.stop();
        },
      };
    },
  };
}

/** Name and version of a contender that is this server. */
export function described({ name, missing, version }: Server): Pick<Contender, "name" | "missing" | "version"> {
  return { name, ...(missing && { missing }), ...(version && { version }) };
}

/** Starts the server and opens the load on it, or neither. */
export async function started<Opened>(
  server: Server,
  open: (port: number) => Opened | Promise<Opened>,
  options?: ServerOptions,
): Promise<{ readonly running: RunningServer; readonly load: Opened }> {
  const running = await server.start(options);
  try {
    return { running, load: await about(server, open(running.port)) };
  } catch (error) {
    await running.stop();
    throw error;
  }
}

/** The same; where it fails the error names the server. */
export async function about<Outcome>({ name }: Server, outcome: Outcome | Promise<Outcome>): Promise<Outcome> {
  try {
    return await outcome;
  } catch (error) {
    throw new Error(`Load on ${name}: ${String(error)}`, { cause: error });
  }
}

async function measured(running: RunningServer, load: Load, milliseconds: number): Promise<Sample> {
  const before = await running.cpu();
  const from = performance.now();
  const mails = await load.run(milliseconds);
  const seconds = (performance.now() - from) / 1_000;
  return { cpu: ((await running.cpu()) - before) / mails, rate: mails / seconds };
}
