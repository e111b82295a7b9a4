// The harness in workerd, with a socket for each kind of server that the suite asks for.

import { join } from "node:path";
import { startWorker, type WorkerSocket } from "../support/workerd.ts";
import type { Certificates } from "./adapter.ts";
import type { PortName } from "./workers-adapter.ts";
import type { Asked } from "./workers-harness.ts";

/** What is asked, but for the ports, which the harness is told of in any case. */
type Question = Asked extends infer Each ? (Each extends Asked ? Omit<Each, "ports"> : never) : never;

export interface Harness extends AsyncDisposable {
  /** Rejects with what the worker says where it cannot answer. */
  ask(question: Question): Promise<unknown>;
}

export async function startHarness({ trusted, pairs }: Certificates): Promise<Harness> {
  const entry = join(import.meta.dirname, "workers-harness.ts");
  const worker = await startWorker({ entry, trusted, sockets: sockets(pairs), longest: 600_000 });
  const { http, ...ports } = worker.ports;
  return {
    async ask(question) {
      const body = JSON.stringify({ ...question, ports });
      const response = await fetch(`http://127.0.0.1:${http}/`, { method: "POST", body });
      if (!response.ok) throw new Error(`${await response.text()}\n${worker.output()}`);
      return response.json();
    },
    [Symbol.asyncDispose]: () => worker[Symbol.asyncDispose](),
  };
}

function sockets(pairs: Certificates["pairs"]): Record<string, WorkerSocket> {
  const all: Record<string, WorkerSocket> = { http: { protocol: "http" } };
  const add = (name: PortName, socket: WorkerSocket): void => void (all[name] = socket);
  for (const name of ["plain1", "plain2", "plain3"] as const) add(name, { protocol: "tcp" });
  for (const name of ["good", "expired", "wrongName", "unknown"] as const) {
    for (const mode of ["startTls", "implicit"] as const)
      add(`${name}-${mode}`, { protocol: "tcp", tls: { ...pairs[name], mode } });
  }
  return all;
}
