// What does a connection cost a server in memory that has said EHLO and is idle?

import { readFileSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import type { Contender, Question, Sample } from "../harness/question.ts";
import { IdleConnections } from "../load/idle.ts";
import { OneEachLoad } from "../load/one-each.ts";
import { about, described } from "../load/serving.ts";
import { everyServer, smtpSink } from "../servers/servers.ts";
import type { RunningServer, Server } from "../servers/server.ts";

const few = 1_000;
const many = 10_000;
const quickCount = 50;
/** Files that a process has open besides. */
const otherFiles = 200;

const question: Question = {
  title: "Memory: an idle connection after EHLO",
  metrics: [
    { name: "heap", unit: "KiB of heap and buffers", better: "less" },
    { name: "rss", unit: "KiB of resident memory", better: "less" },
  ],
  contenders: [
    ...everyServer.map((server) => holding(server, few)),
    // smtp-sink would take 2.6 GB, and half a minute.
    ...everyServer.filter((server) => server !== smtpSink).map((server) => holding(server, many)),
  ],
  bounds: [few, many].map((count) => ({ metric: "heap", contender: nameOf("Carteiro", count), most: 6 })),
  rounds: 3,
  warmUp: 0,
  steady: true,
};
export default question;

function holding(server: Server, count: number): Contender {
  return {
    ...described(server),
    name: nameOf(server.name, count),
    missing: () => server.missing?.() ?? (files() < count + otherFiles ? `needs ${count} open files` : undefined),
    // A new process for each round: memory that was in use once does not go back to the system.
    start: async ({ quick }) => ({
      round: () => about(server, quick ? held(server, quickCount, 50) : held(server, count, 500)),
      stop: async () => undefined,
    }),
  };
}

function nameOf(server: string, count: number): string {
  return `${server}, ${count.toLocaleString("en")} connections`;
}

/** What each of so many connections adds, after so many milliseconds of work: until everything is loaded, and most of it compiled. */
async function held(server: Server, count: number, work: number): Promise<Sample> {
  const running = await server.start({ nodeOptions: ["--expose-gc"] });
  try {
    await new OneEachLoad({ port: running.port, connections: 50, octets: 1_024 }).run(work);
    const before = await used(running);
    const idle = await IdleConnections.open({ port: running.port }, count);
    const after = await used(running);
    idle.close();
    const each = (name: string) => ((after[name] ?? 0) - (before[name] ?? 0)) / 1_024 / count;
    return Object.fromEntries(Object.keys(after).map((name) => [name, each(name)]));
  } finally {
    await running.stop();
  }
}

/** Octets in use, once everything has settled. */
async function used(running: RunningServer): Promise<Sample> {
  await setTimeout(100);
  const memory = await running.memory?.();
  // `external` includes `arrayBuffers`.
  return { ...(memory && { heap: memory.heapUsed + memory.external }), rss: residentMemory(running.pid) };
}

function residentMemory(pid: number): number {
  const line = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  return Number(line?.[1]) * 1_024;
}

/** Files that a process may have open: this one, and those that it starts. */
function files(): number {
  const { userLimits } = process.report.getReport() as { userLimits: { open_files: { soft: number | "unlimited" } } };
  const { soft } = userLimits.open_files;
  return soft === "unlimited" ? Infinity : soft;
}
