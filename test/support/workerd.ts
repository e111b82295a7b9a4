// Workers in the real runtime: a source is bundled as its users' tools would do it, and workerd serves it on free ports.

import { spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { start } from "./processes.ts";

/** A socket that workerd listens on and hands over to the worker. */
export interface WorkerSocket {
  readonly protocol: "http" | "tcp";
  /** With it what connects is decrypted first, or may be upgraded by `startTls`. */
  readonly tls?: { readonly key: string; readonly cert: string; readonly mode: "implicit" | "startTls" };
}

export interface WorkerOptions {
  /** The file with the worker's exports. */
  readonly entry: string;
  readonly sockets: Readonly<Record<string, WorkerSocket>>;
  /** Authorities, in PEM, one or several, that clients trust. */
  readonly trusted?: string;
  /** Text bindings of the worker's `env`. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Classes of Durable Objects that the worker exports, by the name of their binding. */
  readonly objects?: Readonly<Record<string, string>>;
  /** Compatibility flags. Default: that for STARTTLS on the server's side. */
  readonly flags?: readonly string[];
  /** Milliseconds that it may run at most. Default: 60,000. */
  readonly longest?: number;
}

export interface Worker extends AsyncDisposable {
  /** Where each socket listens, on the loopback interface. */
  readonly ports: Readonly<Record<string, number>>;
  /** All that it has written so far. */
  readonly output: () => string;
}

interface Listening {
  readonly socket: string;
  readonly port: number;
}

const binary = pathOfWorkerd();

/** Why there is no workerd here; `undefined` where there is. */
export const workerdAbsent = binary === undefined ? "workerd is not installed for this platform" : undefined;

export async function startWorker(options: WorkerOptions): Promise<Worker> {
  const folder = await mkdtemp(join(tmpdir(), "carteiro-worker-"));
  await bundleWorker(options.entry, join(folder, "worker.js"));
  await writeFile(join(folder, "config.capnp"), configuration(options));
  const words = ["serve", "config.capnp", "--experimental", "--control-fd=1"];
  const program = start(binary ?? "", words, { folder, ...(options.longest && { longest: options.longest }) });
  let output = "";
  for (const stream of [program.process.stdout, program.process.stderr]) stream.on("data", (text) => (output += text));
  const count = Object.keys(options.sockets).length;
  const listening = await program.until((lines) => {
    const found = lines.filter((line) => line.startsWith('{"event":"listen"'));
    return found.length < count ? undefined : found.map((line) => JSON.parse(line) as Listening);
  });
  return {
    ports: Object.fromEntries(listening.map(({ socket, port }) => [socket, port])),
    output: () => output,
    async [Symbol.asyncDispose]() {
      await program[Symbol.asyncDispose]();
      await rm(folder, { recursive: true });
    },
  };
}

/** Bundles for Workers, under the conditions that their tools set. */
export async function bundleWorker(entry: string, outfile: string): Promise<void> {
  await build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    format: "esm",
    target: "es2023",
    conditions: ["workerd", "worker", "browser"],
    external: ["cloudflare:*"],
    logLevel: "error",
  });
}

/** The runtime itself, since the program that the package brings would outlive a signal. */
function pathOfWorkerd(): string | undefined {
  try {
    const { default: path }: { readonly default: string } = createRequire(import.meta.url)("workerd");
    return spawnSync(path, ["--version"]).status === 0 ? path : undefined;
  } catch {
    return undefined;
  }
}

function configuration({ sockets, trusted = "", environment = {}, objects = {}, flags }: WorkerOptions): string {
  const list = (items: readonly string[]) => `[${items.join(", ")}]`;
  const bindings = [
    ...Object.entries(environment).map(([name, value]) => `(name = ${text(name)}, text = ${text(value)})`),
    ...Object.entries(objects).map(
      ([name, value]) => `(name = ${text(name)}, durableObjectNamespace = ${text(value)})`,
    ),
  ];
  const classes = Object.values(objects).map((name) => `(className = ${text(name)}, uniqueKey = ${text(name)})`);
  const authorities = trusted.split(/(?<=-----END CERTIFICATE-----\n?)(?=-----BEGIN)/).filter((pem) => pem !== "");
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = .main),
    (name = "net", network = (
      allow = ["public", "private", "local"],
      tlsOptions = (trustedCertificates = ${list(authorities.map(text))}),
    )),
  ],
  sockets = ${list(Object.entries(sockets).map(([name, socket]) => socketConfiguration(name, socket)))},
);
const main :Workerd.Worker = (
  modules = [(name = "worker", esModule = embed "worker.js")],
  compatibilityDate = "2026-11-01",
  compatibilityFlags = ${list((flags ?? ["connect_handler_starttls"]).map(text))},
  globalOutbound = "net",
  bindings = ${list(bindings)},
  durableObjectNamespaces = ${list(classes)},
  durableObjectStorage = (inMemory = void),
);
`;
}

function socketConfiguration(name: string, { protocol, tls }: WorkerSocket): string {
  const keypair = tls && `keypair = (privateKey = ${text(tls.key)}, certificateChain = ${text(tls.cert)})`;
  const inside = tls === undefined ? "" : `tlsOptions = (${keypair}), tlsMode = ${tls.mode}`;
  return `(name = ${text(name)}, address = "127.0.0.1:0", ${protocol} = (${inside}), service = "main")`;
}

/** Text of Cap'n Proto, whose escapes are those of C, as JSON's are. */
function text(value: string): string {
  return JSON.stringify(value);
}
