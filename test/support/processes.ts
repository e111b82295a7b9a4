// Programs that tests start: each is waited for, and ended by its own id if it does not end by itself.

import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { once } from "node:events";

import { afterAll } from "vitest";

export interface Outcome {
  /** Exit code, or the name of the signal that ended it. */
  readonly code: number | string;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  /** Given to standard input, which is then closed. */
  readonly input?: string | Uint8Array;
  readonly environment?: Readonly<Record<string, string>>;
  readonly folder?: string;
  /** Milliseconds that it may run at most. Default: 60,000. */
  readonly longest?: number;
}

/** A program that goes on until it is stopped. */
export interface Program extends AsyncDisposable {
  readonly process: ChildProcessWithoutNullStreams;
  readonly ended: Promise<Outcome>;
  /** Resolves as soon as the lines of both outputs so far satisfy this; rejects if the program ends before. */
  until<Result>(found: (lines: readonly string[]) => Result | undefined): Promise<Result>;
}

/** Longest that a program of the tests may run, unless it says otherwise. */
const longestRun = 60_000;

/** Those that a test which ran out of time has left behind end with the tests. */
const running = new Set<ChildProcessWithoutNullStreams>();
afterAll(() => running.forEach((child) => child.kill("SIGKILL")));

/** Runs a program to its end. */
export async function run(command: string, words: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  const { process: child, ended } = start(command, words, options);
  child.stdin.end(options.input ?? "");
  return ended;
}

/** Starts a program. Rejects nothing: one that cannot be started ends with the code `ENOENT` or the like. */
export function start(command: string, words: readonly string[], options: RunOptions = {}): Program {
  const { environment, folder, longest = longestRun } = options;
  const child = spawn(command, words, { env: { ...process.env, ...environment }, cwd: folder });
  running.add(child);
  const output = { stdout: "", stderr: "", all: "" };
  const watchers = new Set<() => void>();
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (text: string) => {
      output[name] += text;
      output.all += text;
      for (const watch of watchers) watch();
    });
  }
  // A program may end before it has read what it is given.
  child.stdin.on("error", () => undefined);
  const tooLong = setTimeout(() => child.kill("SIGKILL"), longest);
  const ended = new Promise<Outcome>((resolve) => {
    const end = (code: number | string) => {
      clearTimeout(tooLong);
      running.delete(child);
      resolve({ code, stdout: output.stdout, stderr: output.stderr });
    };
    child.once("error", (error: NodeJS.ErrnoException) => end(error.code ?? error.message));
    child.once("close", (code, signal) => end(code ?? signal ?? "unknown"));
  });
  return {
    process: child,
    ended,
    until: (found) =>
      new Promise((resolve, reject) => {
        const watch = () => {
          const result = found(output.all.split("\n").slice(0, -1));
          if (result === undefined) return;
          watchers.delete(watch);
          resolve(result);
        };
        watchers.add(watch);
        void ended.then(({ code }) => reject(new Error(`${command} ended with ${code}:\n${output.all}`)));
        watch();
      }),
    [Symbol.asyncDispose]: () => stop(child, ended),
  };
}

/** Asks it to end, and ends it if it has not after a while. */
async function stop(child: ChildProcessWithoutNullStreams, ended: Promise<Outcome>): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  child.kill("SIGTERM");
  const patience = setTimeout(() => child.kill("SIGKILL"), 5_000);
  await Promise.race([ended, once(child, "exit")]);
  clearTimeout(patience);
}
