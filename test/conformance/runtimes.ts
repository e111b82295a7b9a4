// Runtimes that are programs: where each is, and how it runs a script of ours.

import { spawn, spawnSync } from "node:child_process";
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
export const deno: Runtime = withoutLauncher(installed("deno", ["run", "--no-check", "--allow-all"]));

function installed(name: string, words: readonly string[]): Runtime {
  const command = join(binaries, name);
  // npm brings a command everywhere, and the runtime itself only where there is one for the platform.
  const runs = spawnSync(command, ["--version"]).status === 0;
  return { name, command, words, ...(!runs && { absent: `${name} is not installed, or not for this platform` }) };
}

/** The program itself: npm's command for Deno starts it, and would leave it behind when it is ended. */
function withoutLauncher(runtime: Runtime): Runtime {
  const { stdout } = spawnSync(runtime.command, ["eval", "console.log(Deno.execPath())"], { encoding: "utf8" });
  return runtime.absent === undefined ? { ...runtime, command: stdout.trim() } : runtime;
}

/**
 * A script that runs in a runtime, is told a line of JSON by its standard input, and tells JSON by its standard output, a line
 * each. It ends by itself, or at the end of its input.
 */
export interface Running {
  /** Its words, until it ends; rejects where it ends with another code than 0. Once only. */
  readonly words: AsyncIterator<unknown, undefined>;
  /** Ends it; settles once it is gone. */
  stop(): Promise<void>;
}

/** Those that a test which ran out of time has left behind end with the tests. */
const running = new Set<Running>();
afterAll(async () => {
  await Promise.all(Array.from(running, (script) => script.stop()));
});

/** Milliseconds that it has to end before it is killed. */
const patience = 5_000;

/** Starts a script of this folder. `stays`: its input stays open until it is stopped. */
export function start(runtime: Runtime, script: string, input: unknown, stays = false): Running {
  const { command, words } = runtime;
  const environment = { ...process.env, NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" };
  const child = spawn(command, [...words, join(import.meta.dirname, script)], { env: environment });
  let complaints = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (complaints += text));
  child.stdin.on("error", () => undefined).write(`${JSON.stringify(input)}\n`);
  if (!stays) child.stdin.end();
  const problem = new Promise<string>((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("exit", (code, signal) => resolve(code === 0 ? "" : `${code ?? signal}: ${complaints}`));
  });
  const started: Running = {
    words: said(),
    async stop() {
      child.stdin.end();
      const kill = setTimeout(() => child.kill("SIGKILL"), patience);
      await problem;
      clearTimeout(kill);
    },
  };
  async function* said(): AsyncGenerator<unknown, undefined> {
    for await (const line of createInterface({ input: child.stdout })) yield JSON.parse(line) as unknown;
    const why = await problem;
    if (why !== "") throw new Error(`${command} ${script} ended with ${why}`);
  }
  running.add(started);
  void problem.then(() => running.delete(started));
  return started;
}

/** Starts a script and hears it to its end. */
export async function hear(runtime: Runtime, script: string, input: unknown, tell: (word: unknown) => void) {
  const { words } = start(runtime, script, input);
  for (let word = await words.next(); word.done !== true; word = await words.next()) tell(word.value);
}
