// All servers that the bench knows. How each is set up, and why that is fair, stands in benchmarks/README.md.

import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { postfixFolder, pythonWith, startProgram } from "./installed.ts";
import { bun } from "../harness/bun.ts";
import { backlog } from "./listening.ts";
import { scripted, type Server } from "./server.ts";

/** The least Node server possible. */
export const floor = scripted("floor", "floor.ts");

export const carteiro = scripted("Carteiro", "carteiro.ts");

/** Carteiro in Bun, on Bun's own sockets and on Node's. */
export const inBun: readonly Server[] = [
  scripted("@carteiro/bun", "carteiro-bun.ts", bun),
  scripted("@carteiro/node", "carteiro.ts", bun),
];

export const smtpServer = scripted("smtp-server", "smtp-server.ts", { version: () => packageVersion("smtp-server") });

export const haraka = scripted("Haraka", "haraka.ts", { version: () => packageVersion("Haraka") });

const python = pythonWith("aiosmtpd");
export const aiosmtpd: Server = {
  name: "aiosmtpd",
  missing: () => (python === undefined ? "not installed" : undefined),
  version: () => printed(python ?? "", ["-c", "import aiosmtpd; print(aiosmtpd.__version__)"]),
  start: () => {
    const script = fileURLToPath(new URL("aiosmtpd_server.py", import.meta.url));
    return startProgram((port) => [python ?? "", script, String(port), String(backlog)]);
  },
};

const postfix = postfixFolder("usr/sbin/smtp-sink");
/** Postfix's, in C: it answers every command with yes, and throws the content away. */
export const smtpSink: Server = {
  name: "smtp-sink",
  missing: () => (postfix === undefined ? "not installed" : undefined),
  start: () => {
    const root = postfix ?? "";
    // It does not run as root.
    const user = process.getuid?.() === 0 ? ["-u", "nobody"] : [];
    const sessions = ["-m", "20000"];
    return startProgram(
      (port) => [join(root, "usr/sbin/smtp-sink"), ...user, ...sessions, `0.0.0.0:${port}`, String(backlog)],
      { LD_LIBRARY_PATH: join(root, "usr/lib/postfix") },
    );
  },
};

/** The servers that speak for themselves, and all that the bench compares with. */
export const everyServer: readonly Server[] = [floor, carteiro, smtpServer, haraka, aiosmtpd, smtpSink];

const { resolve } = createRequire(import.meta.url);

function packageVersion(name: string): string {
  const { version } = JSON.parse(readFileSync(resolve(`${name}/package.json`), "utf8")) as { version: string };
  return version;
}

function printed(command: string, words: readonly string[]): string {
  return spawnSync(command, words, { encoding: "utf8" }).stdout.trim();
}
