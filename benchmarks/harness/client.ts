// A client under measurement: a script of its own, on its own core, that sends message after message to a sink in this process.

import { Child, serveParent } from "./child.ts";
import type { Contender, Metric, Sample } from "./question.ts";
import { startSink } from "./sink.ts";

/** What a client is told of its work; plain data. */
export interface Terms {
  readonly port: number;
  /** Octets of each message. */
  readonly octets: number;
  /** Connections of a pool. */
  readonly connections: number;
  /** Messages that are asked for at once. */
  readonly inFlight: number;
}

/** Sends so many messages, and settles when all have been answered. Rejects where one was not accepted. */
export type Send = (messages: number) => Promise<unknown>;

export interface ClientOptions extends Partial<Omit<Terms, "port">> {
  /** The script that calls `serveClient`, and the kind as it knows it. */
  readonly script: URL;
  readonly kind: string;
  /** Messages of a round; a hundredth of that where the scale is `quick`. About a second's worth. */
  readonly messages: number;
  /** Whether the sink offers PIPELINING. Default: yes. */
  readonly pipelining?: boolean;
  readonly version?: () => string | undefined;
  /** Why it cannot be started on this machine, where it cannot. */
  readonly missing?: () => string | undefined;
  /** The program that runs the script. Default: this Node. */
  readonly runtime?: string;
}

export const clientMetrics: readonly Metric[] = [
  { name: "cpu", unit: "µs of CPU a message", better: "less" },
  { name: "rate", unit: "messages a second", better: "more" },
];

interface Cost {
  readonly [figure: string]: number;
  readonly cpu: number;
  readonly wall: number;
}

/** A contender that sends mail. Its rounds fail where the sink has not taken every message. */
export function client(
  name: string,
  { script, kind, messages, pipelining = true, version, missing, runtime, ...given }: ClientOptions,
): Contender {
  return {
    name,
    ...(version && { version }),
    ...(missing && { missing }),
    start: async ({ quick }) => {
      const count = quick ? Math.max(20, Math.ceil(messages / 100)) : messages;
      const sink = await startSink({ pipelining });
      const terms: Terms = { octets: 1_024, connections: 1, inFlight: 1, ...given, port: sink.port };
      const child = await Child.start(script, [kind, JSON.stringify(terms)], [], runtime);
      const round = async () => {
        const before = sink.messages();
        const cost = await child.ask<Cost>("send", { messages: count });
        const taken = sink.messages() - before;
        if (taken !== count) throw new Error(`${name} sent ${count} messages, of which ${taken} arrived`);
        return clientSample(cost, count);
      };
      const stop = async () => {
        await child.stop();
        await sink.stop();
      };
      return { round, stop };
    },
  };
}

/** Both in microseconds, for so many messages. */
export function clientSample({ cpu, wall }: Cost, messages: number): Sample {
  return { cpu: cpu / messages, rate: (messages / wall) * 1e6 };
}

/** To be called by the script, which is told by its arguments which kind of client it is to be, and on what terms. */
export function serveClient(kinds: Readonly<Record<string, (terms: Terms) => Send | Promise<Send>>>): void {
  const [, , kind = "", terms = "{}"] = process.argv;
  const make = kinds[kind];
  if (make === undefined) throw new Error(`No client of the kind "${kind}"`);
  let made: Send | undefined;
  serveParent({
    send: async ({ messages }: { readonly messages: number }) => {
      made ??= await make(JSON.parse(terms) as Terms);
      const before = process.cpuUsage();
      const from = performance.now();
      await made(messages);
      const wall = (performance.now() - from) * 1_000;
      const { user, system } = process.cpuUsage(before);
      return { cpu: user + system, wall };
    },
  });
}

/** Asks for so many messages with so many under way at a time, each anew when one is done. */
export async function inFlight(limit: number, messages: number, send: () => Promise<unknown>): Promise<void> {
  let left = messages;
  const work = async () => {
    while (left > 0) {
      left -= 1;
      await send();
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, messages) }, work));
}
