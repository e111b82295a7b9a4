// Packs every package as it is published: `npm run pack -- FOLDER`. Built from nothing, so that no file is left of a source
// that is gone.

import { execFileSync } from "node:child_process";
import { readdirSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";

const [folder] = process.argv.slice(2);
if (folder === undefined) {
  console.error("Usage: npm run pack -- FOLDER");
  process.exit(64);
}

const root = join(import.meta.dirname, "..");
const packages = readdirSync(join(root, "packages")).map((name) => join(root, "packages", name));
for (const path of packages)
  for (const built of ["dist", "tsconfig.tsbuildinfo"]) rmSync(join(path, built), { recursive: true, force: true });
run("tsc", "-b", ...packages);
run("pnpm", "--recursive", "--filter", "./packages/*", "pack", "--pack-destination", resolve(folder));

/** What it prints is for errors alone: pnpm lists each file. */
function run(command: string, ...args: string[]): void {
  const shell = process.platform === "win32";
  const options = { cwd: root, shell, encoding: "utf8", stdio: "pipe" } as const;
  try {
    execFileSync(command, args, options);
  } catch (error) {
    const { stdout = "", stderr = "" } = error as { readonly stdout?: string; readonly stderr?: string };
    console.error(`${stdout}${stderr}${String(error)}`);
    process.exit(1);
  }
}
