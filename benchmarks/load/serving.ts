// Servers as contenders: what a mail costs them under one load, in CPU time of their own and by the clock.

import type { Contender, Metric, Sample } from "../harness/question.ts";
import { certificates } from "../servers/certificates.ts";
import type { RunningServer, Server, ServerOptions } from "../servers/server.ts";
import type { Address } from "./socket.ts";

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

export interface ServingOptions extends Omit<ServerOptions, "tls"> {
  /** Whether connections begin with TLS. Default: no. */
  readonly secure?: boolean;
}

/** Opens load on a server. */
export type Open<Opened> = (address: Address) => Opened | Promise<Opened>;

/** The server under the load that is opened on it. */
export function serving(server: Server, open: Open<Load>, options?: ServingOptions): Contender {
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

/** The contender under another name, its CPU not for a mail but for each of so many parts of it, in the unit that is so many times finer. */
export function perPart(name: string, contender: Contender, parts: number, finer = 1): Contender {
  return {
    ...contender,
    name,
    start: async (scale) => {
      const running = await contender.start(scale);
      const sample = async () => {
        const { cpu = Number.NaN } = await running.round();
        return { cpu: (cpu / parts) * finer };
      };
      return { round: sample, stop: () => running.stop() };
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
  open: Open<Opened>,
  { secure = false, ...options }: ServingOptions = {},
): Promise<{ readonly running: RunningServer; readonly load: Opened }> {
  const shown = secure ? await certificates() : undefined;
  const running = await server.start({
    ...options,
    ...(shown && { tls: { key: shown.key, cert: shown.certificate } }),
  });
  try {
    const address = { port: running.port, ...(shown && { ca: shown.caCertificate }) };
    return { running, load: await about(server, open(address)) };
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

/** Runs the load for so many milliseconds. */
export async function measured(running: RunningServer, load: Load, milliseconds: number): Promise<Sample> {
  const before = await running.cpu();
  const from = performance.now();
  const mails = await load.run(milliseconds);
  const seconds = (performance.now() - from) / 1_000;
  return { cpu: ((await running.cpu()) - before) / mails, rate: mails / seconds };
}
