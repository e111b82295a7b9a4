// The mail programs of others that these tests talk to. One that is not installed is named and skipped, and with
// CARTEIRO_REQUIRE_PEERS=1 its absence fails. `.ci/peers.sh` installs them all and says in variables where they are.

import { spawnSync } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, isAbsolute, join } from "node:path";

import { describe, test } from "vitest";

export interface Peer {
  readonly name: string;
  /** Where it is; none: it is not installed. */
  readonly path: string | undefined;
  /** What is missing, for people. */
  readonly lacks: string;
}

/** Groups the tests with one peer; without it they are skipped by name. */
export function describeWith({ name, path, lacks }: Peer, body: (path: string) => void): void {
  if (path !== undefined) {
    describe(name, () => body(path));
    return;
  }
  if (process.env["CARTEIRO_REQUIRE_PEERS"] === "1") {
    test(`${name} is there`, () => {
      throw new Error(`${name}: ${lacks}`);
    });
    return;
  }
  process.stderr.write(`Skipped: the tests with ${name}, since ${lacks}\n`);
  test.skip(`${name}: skipped, since ${lacks}`, () => undefined);
}

/** A program on the path. */
export function program(name: string): Peer {
  return { name, path: executable([name]), lacks: `there is no program ${name}` };
}

/** A program that the variable names, or one of these files or commands. */
export function programAt(name: string, variable: string, candidates: readonly string[]): Peer {
  const path = executable([process.env[variable] ?? "", ...candidates]);
  return { name, path, lacks: `neither ${variable} nor the path leads to ${candidates[0]}` };
}

/** What is unpacked or installed in the folder that the variable names, or in one of these: it holds this program. */
export function folderWith(name: string, variable: string, candidates: readonly string[], inside: string): Peer {
  const folders = [process.env[variable] ?? "", ...candidates].filter(isAbsolute);
  const path = folders.find((folder) => mayBeRun(join(folder, inside)));
  return { name, path, lacks: `neither ${variable} nor ${candidates.join(" or ")} leads to ${inside}` };
}

/** The peer, which only root can start. */
export function forRoot(peer: Peer): Peer {
  return process.getuid?.() === 0 ? peer : { ...peer, path: undefined, lacks: `${peer.name} needs root to be tried` };
}

/** A peer that is of no use without another. */
export function both(peer: Peer, other: Peer): Peer {
  return peer.path === undefined || other.path !== undefined ? peer : { ...peer, path: undefined, lacks: other.lacks };
}

/** A Python that has this module. */
export function python(name: string, module: string): Peer {
  const path = [process.env["CARTEIRO_PYTHON"] ?? "", "python3", "/usr/bin/python3"].find((candidate) => {
    const found = executable([candidate]);
    return found !== undefined && spawnSync(found, ["-c", `import ${module}`]).status === 0;
  });
  return { name, path, lacks: `no Python 3 with the module ${module} was found` };
}

/** The first of these that can be run. */
function executable(candidates: readonly string[]): string | undefined {
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  for (const candidate of candidates) {
    if (candidate === "") continue;
    const paths = isAbsolute(candidate) ? [candidate] : folders.map((folder) => join(folder, candidate));
    const found = paths.find(mayBeRun);
    if (found !== undefined) return found;
  }
  return undefined;
}

function mayBeRun(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
