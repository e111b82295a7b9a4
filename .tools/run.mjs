// Runs one task of the workspace on a machine that has only Node (18 or later) and npm: `node .tools/run.mjs TASK [ARGUMENT…]`.
// It brings Node 24 and pnpm by one npx call, installs from the lockfile, and leaves a stamp so that the next run starts at once.
// No dependencies and no newer syntax than Node 18 knows: this file is what everything else is started by.

import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { constants } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const NODE = "24.21.0";
const PNPM = "12.21.0";
const VITEST = ["vitest", "run", "--config", "test/vitest.config.ts"];

/** What each task runs with the arguments given, one step after the other. A named step is reported with its result. */
const TASKS = {
  start: (args) => [{ run: ["node", "packages/cli/src/main.ts", "serve", ...args] }],
  test: (args) => [{ run: [...VITEST, ...args] }],
  interop: (args) => [{ run: [...VITEST, "interop", ...args], env: { CARTEIRO_REQUIRE_PEERS: "1" } }],
  fuzz: (args) => [
    ["server", "client"].includes(args[0])
      ? { run: ["node", "test/fuzz/main.ts", ...args] }
      : { run: [...VITEST, ...args], env: { CARTEIRO_RUNS: process.env.CARTEIRO_RUNS ?? "5000" } },
  ],
  simulate: (args) => [{ run: ["node", "test/simulation/main.ts", ...args] }],
  packed: (args) => [{ run: [...VITEST, "packed", ...args], env: { CARTEIRO_REQUIRE_PEERS: "1" } }],
  build: () => [{ run: ["tsc", "-b", ...packages()] }],
  pack: (args) => [{ run: ["node", ".tools/pack.ts", ...args] }],
  bench: (args) => [{ run: ["node", "benchmarks/bench.ts", ...args] }],
  format: (args) => [{ run: ["oxfmt", ...args] }],
  docs: () => [
    { run: ["tsc", "-b", ...packages()] },
    { run: ["node", ".tools/public-api.ts"] },
    { run: ["node", ".tools/state-machines.ts"] },
    { run: ["node", ".tools/chart-tables.ts"] },
    { run: ["node", ".tools/assembly.ts"] },
    { run: ["node", ".tools/sizes.ts"] },
  ],
  check: () => [
    { name: "types", run: ["tsc", "-b", ...packages(), "test", "benchmarks", ".tools"] },
    { name: "lint and dependency direction", run: ["oxlint"] },
    { name: "format", run: ["oxfmt", "--check"] },
    { name: "public API unchanged", run: ["node", ".tools/public-api.ts", "--check"] },
    { name: "generated documents up to date", run: ["node", ".tools/state-machines.ts", "--check"] },
    { name: "emitted charts up to date", run: ["node", ".tools/chart-tables.ts", "--check"] },
    { name: "program in WebAssembly up to date", run: ["node", ".tools/assembly.ts", "--check"] },
    { name: "sizes of bundles", run: ["node", ".tools/sizes.ts", "--check"] },
    { name: "packages as they are published", run: ["node", ".tools/published.ts"] },
  ],
};

const FORWARDED = ["SIGINT", "SIGTERM", "SIGHUP"];
const root = fileURLToPath(new URL("..", import.meta.url));
const stampFile = join(root, "node_modules", ".carteiro", "setup.json");

await main(process.argv.slice(2));

async function main([task, ...args]) {
  process.chdir(root);
  if (task === "--set-up") return setUpInside();
  if (!Object.hasOwn(TASKS, task ?? "")) {
    console.error(`Usage: npm run TASK [-- ARGUMENT…], where TASK is one of ${Object.keys(TASKS).join(", ")}`);
    process.exit(64);
  }
  process.exitCode = await runSteps(TASKS[task](args), environment(setUp()));
}

// --- Setting up --------------------------------------------------------------------------------------------------------

/** Makes sure of Node, pnpm and the packages. Ends the process with what went wrong where that fails. */
function setUp() {
  const stamp = readStamp();
  if (stamp?.manifests === manifests() && existsSync(stamp.node) && existsSync(stamp.pnpm)) return stamp;
  console.error(
    stamp
      ? "Setting up: installing the changed packages"
      : `Setting up: Node ${NODE.split(".")[0]} and the packages, once`,
  );
  rmSync(stampFile, { force: true });
  const node = newEnough(process.versions.node) ? "" : `-p node@${NODE} `;
  const command = `npx -y --prefer-offline ${node}-p pnpm@${PNPM} -- node .tools/run.mjs --set-up`.split(" ");
  const { status, error } = quietly(command, environmentForNpx());
  if (status !== 0) {
    console.error(error ? `npx did not start: ${error.message}` : "Setting up failed");
    process.exit(status || 1);
  }
  return readStamp();
}

/** The part of setting up that runs under the Node and the pnpm that npx brought. */
function setUpInside() {
  // CI: pnpm asks no questions, for example before it lays a folder of another pnpm's anew.
  const { status } = quietly(["pnpm", "install", "--frozen-lockfile"], { ...process.env, CI: "true" });
  if (status !== 0) process.exit(status || 1);
  mkdirSync(dirname(stampFile), { recursive: true });
  const stamp = { node: process.execPath, pnpm: onPath("pnpm"), manifests: manifests() };
  writeFileSync(stampFile, JSON.stringify(stamp));
}

/** Where npx has put a command. */
function onPath(command) {
  const file = onWindows() ? `${command}.cmd` : command;
  return process.env.PATH.split(delimiter)
    .map((folder) => join(folder, file))
    .find((path) => existsSync(path));
}

function readStamp() {
  try {
    return JSON.parse(readFileSync(stampFile, "utf8"));
  } catch {
    return undefined;
  }
}

/** A digest of every file that says what is to be installed. */
function manifests() {
  const folders = [".", "test", "benchmarks", ...packages()];
  const files = [...folders.map((folder) => join(folder, "package.json")), "pnpm-lock.yaml", "pnpm-workspace.yaml"];
  const digest = createHash("sha256").update(`${NODE} ${PNPM}`);
  for (const file of files) if (existsSync(file)) digest.update(`\0${file}\0`).update(readFileSync(file));
  return digest.digest("hex");
}

function newEnough(version) {
  return Number(version.split(".")[0]) >= Number(NODE.split(".")[0]);
}

/** npm hands its own settings down as variables; those that say what *this* call runs must not reach npx. */
function environmentForNpx() {
  const env = { ...process.env };
  const own = "package call workspace workspaces include_workspace_root prefix local_prefix global if_present".split(
    " ",
  );
  for (const name of own) delete env[`npm_config_${name}`];
  return env;
}

/** Runs a command to its end and shows what it printed only where it fails. */
function quietly([command, ...args], env) {
  const result = spawnSync(command, args, {
    env,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
    shell: onWindows(),
  });
  if (result.status !== 0) process.stderr.write(`${result.stdout ?? ""}${result.stderr ?? ""}`);
  return result;
}

// --- Running a task ----------------------------------------------------------------------------------------------------

/** Runs all steps, named ones even after a failure, and gives the first exit code that is not 0. */
async function runSteps(steps, env) {
  let code = 0;
  for (const step of steps) {
    const own = await runStep(step.run, { ...env, ...step.env });
    if (step.name) console.log(`${own === 0 ? "ok    " : "FAILED"} ${step.name}`);
    code ||= own;
    if (code !== 0 && !step.name) break;
  }
  return code;
}

function runStep([command, ...args], env) {
  const child = spawn(command, args, { env, stdio: "inherit", shell: onWindows() });
  const stopForwarding = forwardSignals(child);
  return new Promise((resolve) => {
    child.on("error", (error) => {
      console.error(`${command} did not start: ${error.message}`);
      resolve(127);
    });
    child.on("exit", (code, signal) => resolve(code ?? 128 + constants.signals[signal]));
  }).finally(stopForwarding);
}

/** Hands signals on to the child, whose end is then waited for; returns what undoes this. */
function forwardSignals(child) {
  const last = {};
  const forward = (signal) => {
    // A terminal sends Ctrl-C to every process in it by itself, and npm repeats what it got: the child must not see it twice.
    const fromTerminal = signal === "SIGINT" && (process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY);
    const repeated = Date.now() - (last[signal] ?? 0) < 1000;
    last[signal] = Date.now();
    if (!fromTerminal && !repeated) child.kill(signal);
  };
  for (const signal of FORWARDED) process.on(signal, forward);
  return () => FORWARDED.forEach((signal) => process.off(signal, forward));
}

function environment({ node, pnpm }) {
  const own = [join(root, "node_modules", ".bin"), join(root, "test", "node_modules", ".bin")];
  const bins = [dirname(node), ...own, dirname(pnpm)];
  return { ...process.env, PATH: [...bins, process.env.PATH].join(delimiter) };
}

function packages() {
  const entries = readdirSync(new URL("../packages", import.meta.url), { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map((entry) => `packages/${entry.name}`);
}

function onWindows() {
  return process.platform === "win32";
}
