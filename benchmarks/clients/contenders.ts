// The clients, by name.

import nodemailer from "nodemailer/package.json" with { type: "json" };
import { bun } from "../harness/bun.ts";
import { client, type ClientOptions } from "../harness/client.ts";
import type { Contender } from "../harness/question.ts";

type Work = Omit<ClientOptions, "script" | "kind" | "version">;

const floors = new URL("floor.ts", import.meta.url);
const ours = new URL("carteiro.ts", import.meta.url);
const nodemailers = new URL("nodemailer.ts", import.meta.url);
const version = () => nodemailer.version;

export function floor(
  name: string,
  work: Work,
  kind: "pipelined" | "lockstep" | "connections" = "pipelined",
): Contender {
  return client(name, { ...work, script: floors, kind });
}

export function carteiro(name: string, work: Work, kind: "bare" | "pooled" | "connections" = "bare"): Contender {
  return client(name, { ...work, script: ours, kind });
}

/** Carteiro in Bun, on Bun's own sockets and on Node's. */
export function inBun(work: Work): readonly Contender[] {
  const native = new URL("carteiro-bun.ts", import.meta.url);
  return [
    client("@carteiro/bun", { ...work, ...bun, script: native, kind: "bare" }),
    client("@carteiro/node", { ...work, ...bun, script: ours, kind: "bare" }),
  ];
}

export function nodemailerOf(name: string, work: Work, kind: "bare" | "pooled" | "connections" = "bare"): Contender {
  return client(name, { ...work, script: nodemailers, kind, version });
}
