// The runtimes of the matrix. A runtime that is a program, and whose servers are reached by ports, is one line: a station like
// `station.ts` that has its own adapter. Others bring `serve` and `send` of their own.

import { chromiumAbsent } from "../support/chromium.ts";
import type { Certificates } from "./adapter.ts";
import { sendFromPage } from "./browser.ts";
import type { Mode, Ports, Report } from "./matrix.ts";
import { workerdAbsent } from "../support/workerd.ts";
import { bun, deno, hear, node, start, type Runtime } from "./runtimes.ts";
import { startHarness } from "./workers-runtime.ts";

export interface MatrixRuntime {
  readonly name: string;
  /** Why it is not there, if it is not. */
  readonly absent?: string;
  /** What it cannot do on one side or the other; default: nothing. */
  readonly unable?: { readonly client?: readonly Mode[]; readonly server?: readonly Mode[] };
  /** Starts a server in all modes that it can do. Left out where the runtime has none that others can reach. */
  readonly serve?: (certificates: Certificates) => Promise<MatrixServer>;
  /** Sends all messages in all modes that both sides can do, and gives these; rejects with what went wrong. */
  readonly send?: (certificates: Certificates, ports: Ports) => Promise<readonly Mode[]>;
}

export interface MatrixServer {
  readonly ports: Ports;
  stop(): Promise<void>;
}

export const matrixRuntimes: readonly MatrixRuntime[] = [
  program("node", node, "station.ts"),
  program("@carteiro/node in bun", bun, "station.ts"),
  program("@carteiro/node in deno", deno, "station.ts"),
  program("bun", bun, "bun/station.ts"),
  program("deno", deno, "deno/station.ts"),
  workers(),
  {
    name: "web, through a bridge from WebSockets",
    ...(chromiumAbsent !== undefined && { absent: chromiumAbsent }),
    unable: { client: ["startTls", "implicitTls"] },
    send: (_, ports) => sendFromPage(ports),
  },
];

function program(name: string, runtime: Runtime, station: string): MatrixRuntime {
  const { absent } = runtime;
  return {
    name,
    ...(absent !== undefined && { absent }),
    async serve(certificates) {
      const script = start(runtime, station, { certificates }, true);
      const { value } = await script.words.next();
      return { ports: portsOf(value), stop: () => script.stop() };
    },
    async send(certificates, ports) {
      let sent: readonly Mode[] = [];
      await hear(runtime, station, { certificates, ports }, (word) => (sent = sentOf(word)));
      return sent;
    },
  };
}

function workers(): MatrixRuntime {
  return {
    name: "workers",
    ...(workerdAbsent !== undefined && { absent: workerdAbsent }),
    async serve(certificates) {
      const harness = await startHarness(certificates);
      return { ports: portsOf(await harness.ask({ job: {} })), stop: async () => harness[Symbol.asyncDispose]() };
    },
    async send(certificates, ports) {
      await using harness = await startHarness(certificates);
      return sentOf(await harness.ask({ job: { ports } }));
    },
  };
}

function portsOf(word: unknown): Ports {
  const report = word as Report;
  return "ports" in report ? report.ports : {};
}

function sentOf(word: unknown): readonly Mode[] {
  const report = word as Report;
  return "sent" in report ? report.sent : [];
}
