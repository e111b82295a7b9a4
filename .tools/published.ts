// Looks at every package as it is published: publint and attw find nothing, and the tarball holds a licence, a README, what
// was built and its sources, and nothing else. Says what each one weighs.

import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const folder = mkdtempSync(join(tmpdir(), "carteiro-published-"));
try {
  execFileSync(process.execPath, [join(import.meta.dirname, "pack.ts"), folder], { stdio: "inherit" });
  for (const name of readdirSync(folder)) check(join(folder, name), name);
} finally {
  rmSync(folder, { recursive: true });
}

function check(tarball: string, name: string): void {
  const files = filesOf(tarball);
  for (const problem of oddities(files)) complain(name, problem);
  inspect(name, "publint", "run", tarball, "--strict");
  // Who writes CommonJS has `require` of modules in every Node that these packages run in; a command has no types.
  if (files.includes("dist/index.js")) inspect(name, "attw", tarball, "--profile", "esm-only", "--format", "ascii");
  console.log(`${name}: ${files.length} files, ${Math.ceil(statSync(tarball).size / 1000)} kB`);
}

/** What is missing, and what nobody needs. */
function* oddities(files: readonly string[]): Generator<string> {
  const given = new Set(files);
  for (const wanted of ["package.json", "LICENSE", "README.md"]) if (!given.delete(wanted)) yield `no ${wanted}`;
  for (const source of files.filter((file) => /^src\/.*\.ts$/.test(file))) {
    given.delete(source);
    const built = source.replace(/^src\//, "dist/").replace(/\.ts$/, "");
    for (const ending of [".js", ".js.map", ".d.ts", ".d.ts.map"])
      if (!given.delete(built + ending)) yield `no ${built}${ending}`;
  }
  // What a module was assembled from is read, not run.
  for (const file of given) if (!/^src\/.*\.wat$/.test(file)) yield `superfluous: ${file}`;
}

function filesOf(tarball: string): readonly string[] {
  const listed = execFileSync("tar", ["-tzf", tarball], { encoding: "utf8" }).trim().split("\n");
  return listed.map((path) => path.slice(path.indexOf("/") + 1));
}

function inspect(name: string, command: string, ...args: string[]): void {
  const { status, stdout, stderr } = spawnSync(command, args, {
    encoding: "utf8",
    shell: process.platform === "win32",
  });
  if (status !== 0) complain(name, `${command}\n${stdout ?? ""}${stderr ?? ""}`);
}

function complain(name: string, problem: string): void {
  console.error(`${name}: ${problem}`);
  process.exitCode = 1;
}
