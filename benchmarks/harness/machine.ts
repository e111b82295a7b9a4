// What a result is stamped with, and whether the machine had anything else to do meanwhile.

import { execFileSync, spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { availableParallelism, cpus, release, totalmem, type } from "node:os";

export interface Stamp {
  readonly date: string;
  readonly commit: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memory: string;
  readonly system: string;
  readonly node: string;
  readonly pinned: boolean;
}

const hasTaskset = spawnSync("taskset", ["--version"]).status === 0;

/** Whether who is measured has a core of its own: where there are two, and `taskset`. */
export const pinned = hasTaskset && availableParallelism() >= 2;

/** The core for who is measured; everything else takes the one beside it. */
const measuredCore = "0";
const otherCore = "1";

/** The command, to be run on the core of who is measured. */
export function onMeasuredCore(command: readonly [string, ...string[]]): readonly [string, ...string[]] {
  return pinned ? ["taskset", "-c", measuredCore, ...command] : command;
}

/** Keeps this process, which makes the load, off the core of who is measured. */
export function leaveMeasuredCore(): void {
  if (pinned) spawnSync("taskset", ["-a", "-c", "-p", otherCore, String(process.pid)]);
}

export function stamp(): Stamp {
  const [first] = cpus();
  return {
    date: new Date().toISOString().slice(0, 10),
    commit: commit(),
    cpu: first?.model ?? "unknown",
    cores: cpus().length,
    memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
    system: `${type()} ${release()}`,
    node: process.version,
    pinned,
  };
}

function commit(): string {
  try {
    const git = (...args: string[]) => execFileSync("git", args, { encoding: "utf8", stdio: "pipe" }).trim();
    // The results themselves are being written.
    const others = ["--", ":/", ":(top,exclude)benchmarks/results"];
    const isChanged = git("status", "--porcelain", "--untracked-files=no", ...others) !== "";
    return git("rev-parse", "--short", "HEAD") + (isChanged ? " and changes" : "");
  } catch {
    return "unknown";
  }
}

/** CPU ticks of the whole machine, and of this process and all that it started; `undefined` where `/proc` does not tell. */
interface Ticks {
  readonly all: number;
  readonly own: number;
}

const userAndSystem = [0, 1, 2, 5, 6];

/** Tells what part of one core others used since the last call; 0 where that cannot be told. */
export function busyness(): () => number {
  let before = ticks();
  let at = performance.now();
  return () => {
    const after = ticks();
    const now = performance.now();
    const ticksPerMillisecond = 0.1;
    const others =
      before === undefined || after === undefined ? 0 : after.all - before.all - Math.max(0, after.own - before.own);
    const part = others / ((now - at) * ticksPerMillisecond);
    before = after;
    at = now;
    return Math.max(0, part);
  };
}

function ticks(): Ticks | undefined {
  try {
    const [line = ""] = readFileSync("/proc/stat", "utf8").split("\n", 1);
    const fields = line.trim().split(/\s+/).slice(1).map(Number);
    const all = userAndSystem.reduce((sum, field) => sum + (fields[field] ?? 0), 0);
    return { all, own: ownTicks() };
  } catch {
    return undefined;
  }
}

function ownTicks(): number {
  const processes = readdirSync("/proc").flatMap((entry) => (/^\d+$/.test(entry) ? (processStat(entry) ?? []) : []));
  const family = new Set([process.pid]);
  for (let grew = true; grew;) {
    const children = processes.filter(({ pid, parent }) => family.has(parent) && !family.has(pid));
    for (const { pid } of children) family.add(pid);
    grew = children.length > 0;
  }
  return processes.reduce((sum, { pid, ticks: used }) => sum + (family.has(pid) ? used : 0), 0);
}

interface ProcessStat {
  readonly pid: number;
  readonly parent: number;
  /** User and system, its own and its ended children's, in hundredths of a second. */
  readonly ticks: number;
}

/** What Linux tells of a process; `undefined` where there is none of that number. */
export function processStat(pid: number | string): ProcessStat | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    const [parent = 0, user = 0, system = 0, endedUser = 0, endedSystem = 0] = [1, 11, 12, 13, 14].map((field) =>
      Number(fields[field]),
    );
    return { pid: Number(pid), parent, ticks: user + system + endedUser + endedSystem };
  } catch {
    return undefined;
  }
}
