// Who is measured runs in a process of its own, on a core of its own: a script of ours that answers over IPC, or any program.

import { fork, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { built } from "./built.ts";
import { onMeasuredCore, processStat } from "./machine.ts";

/** What a script of ours answers with; see `serveParent`. */
export type Answer = Readonly<Record<string, unknown>>;

/** Milliseconds for an answer. */
const patience = 120_000;
/** Milliseconds for a process to end by itself. */
const farewell = 2_000;

/** A script of ours under measurement. It calls `serveParent`. */
export class Child {
  readonly #process: ChildProcess;
  #asked = 0;

  private constructor(process: ChildProcess) {
    this.#process = process;
  }

  /** Starts a script, given as the URL of its module, in Node or another runtime; resolves once it answers. */
  static async start(
    script: URL,
    args: readonly string[] = [],
    nodeOptions: readonly string[] = [],
    runtime = process.execPath,
  ): Promise<Child> {
    const [execPath, ...before] = onMeasuredCore([runtime]);
    // Bun takes TypeScript as it is.
    const module = runtime === process.execPath ? await built(script) : script;
    const child = fork(module, args, {
      execPath,
      execArgv: [...before, ...nodeOptions],
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    });
    const started = new Child(child);
    await started.ask("started");
    return started;
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  /** Has the script do something, with what it needs to know, and gives what it answers. Rejects with what it threw, or where it ended. */
  async ask<Given extends Answer>(task: string, given: Answer = {}): Promise<Given> {
    const number = (this.#asked += 1);
    const child = this.#process;
    return new Promise<Given>((resolve, reject) => {
      const settle = (act: () => void) => {
        clearTimeout(timer);
        child.off("message", answered).off("exit", gone);
        act();
      };
      const timer = setTimeout(
        () => settle(() => reject(new Error(`No answer to "${task}" in ${patience} ms`))),
        patience,
      );
      const gone = () => settle(() => reject(new Error(`The process ended instead of answering "${task}"`)));
      const answered = (message: unknown) => {
        const { number: about, error, answer } = message as { number: number; error?: string; answer: Given };
        if (about !== number) return;
        settle(() => (error === undefined ? resolve(answer) : reject(new Error(error))));
      };
      child.on("message", answered).on("exit", gone);
      child.send({ number, task, given });
    });
  }

  /** Microseconds of CPU, user and system, since it was started. */
  async cpu(): Promise<number> {
    const { microseconds } = await this.ask<{ microseconds: number }>("cpu");
    return microseconds;
  }

  async stop(): Promise<void> {
    await ended(this.#process);
  }
}

type Task = (given: never) => unknown;

/** To be called by a script that is started as a `Child`: does what its parent asks, by name. `cpu` and `memory` need no task. */
export function serveParent(tasks: Readonly<Record<string, Task>>): void {
  const known: Readonly<Record<string, Task>> = { started: () => ({}), cpu: cpuUsed, memory: memoryUsed, ...tasks };
  process.on("message", ({ number, task, given }: { number: number; task: string; given: Answer }) => {
    const act = async () => {
      const answer = known[task];
      if (answer === undefined) throw new Error(`No task "${task}"`);
      return (await answer(given as never)) ?? {};
    };
    act().then(
      (answer) => process.send?.({ number, answer }),
      (error: unknown) =>
        process.send?.({ number, error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
    );
  });
  process.on("disconnect", () => process.exit());
}

function cpuUsed(): { microseconds: number } {
  const { user, system } = process.cpuUsage();
  return { microseconds: user + system };
}

/** Octets in use after a collection, where the process was started with `--expose-gc`. */
async function memoryUsed(): Promise<NodeJS.MemoryUsage> {
  for (let times = 0; times < 3; times++) {
    globalThis.gc?.();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return process.memoryUsage();
}

/** A program that nobody here wrote, under measurement. */
export class Program {
  readonly #process: ChildProcess;

  private constructor(process: ChildProcess) {
    this.#process = process;
  }

  /** Starts it. Rejects where there is no such program; whether it listens yet is for the caller to find out. */
  static async start(
    command: readonly [string, ...string[]],
    options: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv } = {},
  ): Promise<Program> {
    const [name, ...args] = onMeasuredCore(command);
    const child = spawn(name, args, { ...options, stdio: ["ignore", "ignore", "inherit"] });
    await once(child, "spawn");
    return new Program(child);
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  /** Microseconds of CPU, user and system, since it was started, in steps of 10,000: Linux counts no finer. */
  async cpu(): Promise<number> {
    const microsecondsPerTick = 10_000;
    return (processStat(this.pid)?.ticks ?? 0) * microsecondsPerTick;
  }

  async stop(): Promise<void> {
    await ended(this.#process);
  }
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, "exit");
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), farewell);
  await exit;
  clearTimeout(timer);
}
