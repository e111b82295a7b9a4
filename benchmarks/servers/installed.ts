// Programs that are there or not: where they are, and how to start one as a server.

import { spawnSync } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, isAbsolute, join } from "node:path";
import { freePort } from "../../test/interop/free-port.ts";
import { Program } from "../harness/child.ts";
import { whenOpen } from "./listening.ts";
import type { RunningServer } from "./server.ts";

/** Starts a server that is told its port, and waits until it listens. */
export async function startProgram(
  command: (port: number) => readonly [string, ...string[]],
  env: NodeJS.ProcessEnv = {},
): Promise<RunningServer> {
  const port = await freePort();
  const program = await Program.start(command(port), { env: { ...process.env, ...env } });
  await whenOpen(port);
  return { port, pid: program.pid, cpu: () => program.cpu(), stop: () => program.stop() };
}

/** The folder that Postfix lies in: as CARTEIRO_POSTFIX says, where `.ci/peers.sh` unpacks it, or the system's. */
export function postfixFolder(program: string): string | undefined {
  const peers = process.env["CARTEIRO_PEERS"] ?? join(process.env["TMPDIR"] ?? tmpdir(), "carteiro-peers");
  const folders = [process.env["CARTEIRO_POSTFIX"] ?? "", join(peers, "postfix"), "/"];
  return folders.find((folder) => isAbsolute(folder) && mayBeRun(join(folder, program)));
}

/** A Python that has this module: the one that CARTEIRO_PYTHON names, the first on the path, or the system's. */
export function pythonWith(module: string): string | undefined {
  const onPath = (process.env["PATH"] ?? "").split(delimiter).map((folder) => join(folder, "python3"));
  const candidates = [process.env["CARTEIRO_PYTHON"] ?? "", ...onPath, "/usr/bin/python3"];
  return candidates.find((path) => mayBeRun(path) && spawnSync(path, ["-c", `import ${module}`]).status === 0);
}

function mayBeRun(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
