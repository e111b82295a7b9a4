// Runtimes that are programs: where each is, and how it runs a script of ours.

import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll } from "vitest";

export interface Runtime {
  readonly name: string;
  readonly command: string;
  /** Before the script's name. */
  readonly words: readonly string[];
  /** Why it is not there, if it is not. */
  readonly absent?: string;
}

const binaries = join(import.meta.dirname, "..", "node_modules", ".bin");

export const node: Runtime = { name: "node", command: process.execPath, words: [] };
export const bun: Runtime = installed("bun", ["run"]);
/** `--no-check`: types are checked by what checks all of them. */
export const deno: Runtime = installed("deno", ["run", "--no-check", "--allow-all"]);

function installed(name: string, words: readonly string[]): Runtime {
  const command = join(binaries, name);
  return { name, command, words, ...(!existsSync(command) && { absent: `${name} is not installed` }) };
}

/** A script that runs in a runtime, is told JSON by its standard input, and tells JSON by its standard output, a line each. */
export interface Running {
  /** Its words, until it ends; rejects where it ends with another code than 0. */
  readonly words: AsyncIterable<unknown>;
  /** Ends it; settles once it is gone. */
  stop(): Promise<void>;
}

/** Those that a test which ran out of time has left behind end with the tests. */
const running = new Set<Running>();
afterAll(() => Promise.all(Array.from(running, (script) => script.stop())));

export function start({ command, words }: Runtime, script: string, input: unknown): Running {
  const child = spawn(command, [...words, join(import.meta.dirname, script)], {
    stdio: ["pipe", "pipe", "pipe"],
    // Neither looks for a newer self, nor for anything else.
    env: { ...process.env, NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" },
  });
  let complaints = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (complaints += text));
  child.stdin.on("error", () => undefined).end(JSON.stringify(input));
  const ended = new Promise<string>((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("close", (code, signal) => resolve(code === 0 ? "" : `${code ?? signal}: ${complaints}`));
  });
  const started: Running = {
    words: said(),
    async stop() {
      child.kill("SIGKILL");
      await ended;
      running.delete(started);
    },
  };
  async function* said(): AsyncGenerator {
    for await (const line of createInterface({ input: child.stdout })) yield JSON.parse(line) as unknown;
    const problem = await ended;
    running.delete(started);
    if (problem !== "") throw new Error(`${command} ${script} ended with ${problem}`);
  }
  running.add(started);
  return started;
}
