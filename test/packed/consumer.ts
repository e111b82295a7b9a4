// An empty project of a user's, into which npm has installed our packages from their tarballs, and the Nodes that it is tried in.

import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run, type Outcome } from "../support/processes.ts";

const root = join(import.meta.dirname, "../..");

/** Of each Node that the packages promise to run in, one; npm has them as packages. */
export const nodes = ["22.23.3", "24.21.0", "26.9.0"] as const;

export interface Consumer extends AsyncDisposable {
  readonly folder: string;
  /** The program of each of `nodes`. */
  readonly nodes: ReadonlyMap<string, string>;
}

export async function startConsumer(): Promise<Consumer> {
  forgetOuterCall();
  const scratch = mkdtempSync(join(tmpdir(), "carteiro-packed-"));
  const folder = join(scratch, "project");
  cpSync(join(import.meta.dirname, "project"), folder, { recursive: true });
  const [, ...found] = await Promise.all([installPacked(scratch, folder), ...nodes.map(findNode)]);
  return {
    folder,
    nodes: new Map(found),
    [Symbol.asyncDispose]: async () => rmSync(scratch, { recursive: true }),
  };
}

/** All our packages in one call, so that npm asks the registry for none of them, and types as a user has them. */
async function installPacked(scratch: string, folder: string): Promise<void> {
  const tarballs = join(scratch, "tarballs");
  mkdirSync(tarballs);
  await succeed(process.execPath, [join(root, ".tools/pack.ts"), tarballs]);
  writeFileSync(join(folder, "package.json"), JSON.stringify({ private: true, type: "module" }));
  const { devDependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
    readonly devDependencies: Readonly<Record<string, string>>;
  };
  const types = ["@types/node", "@types/deno", "@types/bun", "@cloudflare/workers-types"];
  const wanted = [
    ...readdirSync(tarballs).map((name) => join(tarballs, name)),
    ...types.map((name) => `${name}@${devDependencies[name] ?? ""}`),
  ];
  await succeed("npm", ["install", "--no-audit", "--no-fund", "--prefer-offline", ...wanted], folder);
}

async function findNode(version: string): Promise<[version: string, program: string]> {
  if (process.version === `v${version}`) return [version, process.execPath];
  const words = [
    "--yes",
    "--prefer-offline",
    "--package",
    `node@${version}`,
    "--",
    "node",
    "--print",
    "process.execPath",
  ];
  const program = (await succeed("npx", words, tmpdir())).stdout.trim();
  return [version, program];
}

/** npm hands its own settings down as variables; those that say what the call above is about must not reach ours. */
function forgetOuterCall(): void {
  const own = "package call workspace workspaces include_workspace_root prefix local_prefix global if_present".split(
    " ",
  );
  for (const name of own) delete process.env[`npm_config_${name}`];
}

/** Rejects with what it printed where it fails. */
export async function succeed(command: string, words: readonly string[], folder = root): Promise<Outcome> {
  const outcome = await run(command, words, { folder, longest: 300_000 });
  if (outcome.code === 0) return outcome;
  throw new Error(`${command} ${words.join(" ")} ended with ${outcome.code}: ${outcome.stdout}${outcome.stderr}`);
}
