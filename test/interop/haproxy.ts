// HAProxy in front of servers of ours.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { start } from "../support/processes.ts";
import { freePort, longestService, whenListening } from "./free-port.ts";
import { programAt, type Peer } from "./peers.ts";

export const haproxy: Peer = programAt("HAProxy", "CARTEIRO_HAPROXY", ["haproxy", "/usr/sbin/haproxy"]);

export interface Front {
  /** Port of 127.0.0.1 where the server behind it listens. */
  readonly to: number;
  /** What its server line says besides, as `send-proxy`. */
  readonly server: string;
  /** What its bind line says besides. */
  readonly bind?: string;
  /** Further lines of its section. */
  readonly lines?: readonly string[];
}

export interface Haproxy extends AsyncDisposable {
  /** Where the front listens. */
  readonly port: number;
  /** Resolves once it has said a line that holds this. */
  said(text: string): Promise<string>;
}

export async function startHaproxy(path: string, { to, server, bind = "", lines = [] }: Front): Promise<Haproxy> {
  const folder = mkdtempSync(join(tmpdir(), "carteiro-haproxy-"));
  const port = await freePort();
  const file = join(folder, "haproxy.cfg");
  const section = [
    "listen front",
    `bind 127.0.0.1:${port} ${bind}`,
    ...lines,
    `server carteiro 127.0.0.1:${to} ${server}`,
  ].join("\n  ");
  writeFileSync(file, `${usualSettings}${section}\n`);
  const program = start(path, ["-db", "-f", file], { longest: longestService });
  await whenListening(port, program.ended);
  return {
    port,
    said: (text) => program.until((all) => all.find((line) => line.includes(text))),
    async [Symbol.asyncDispose]() {
      await program[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const usualSettings = `
global
  log stdout format raw local0
  ssl-server-verify none
defaults
  mode tcp
  log global
  timeout connect 5s
  timeout client 30s
  timeout server 30s
`;
