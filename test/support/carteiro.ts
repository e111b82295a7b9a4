// The command `carteiro`, run as its users run it: in a process of its own, on ports of the system's choosing.

import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { run, start, type Outcome, type Program, type RunOptions } from "./processes.ts";

const mainFile = fileURLToPath(new URL("../../packages/cli/src/main.ts", import.meta.url));
/** Starting is three times as fast where Node has compiled the same files before. */
const compileCache = fileURLToPath(new URL("../node_modules/.carteiro-compile-cache", import.meta.url));

/** Who there is at the server that `serve` starts. The first is who writes and logs in. */
export const user = { address: "ana@example.org", password: "a secret: 50%" };
export const mailboxes = [user.address, "bia@example.org", "jo@xn--bcher-kva.example"];

/** Runs `carteiro` to its end. */
export function carteiro(words: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  return run(process.execPath, [mainFile, ...words], withCache(options));
}

/** Starts `carteiro`, which goes on until it is stopped. */
export function startCarteiro(...words: string[]): Program {
  return start(process.execPath, [mainFile, ...words], withCache({}));
}

function withCache(options: RunOptions): RunOptions {
  return { ...options, environment: { NODE_COMPILE_CACHE: compileCache, ...options.environment } };
}

/** One line of `--json`. */
export interface Told {
  readonly type: string;
  readonly [name: string]: unknown;
}

export interface Served extends AsyncDisposable {
  readonly program: Program;
  readonly ports: { readonly relay: number; readonly submission: number; readonly submissions: number };
  /** The folder of `--data`. */
  readonly folder: string;
  readonly caFile: string;
  /** What it has told so far, oldest first. */
  told(type: string): Promise<readonly Told[]>;
  /** The next thing of this type that it tells, or has told, and that satisfies this. */
  when(type: string, holds?: (told: Told) => boolean): Promise<Told>;
  /** Takes the messages out of a mailbox, in no order. */
  take(address?: string): StoredMessage[];
}

export interface StoredMessage {
  /** The whole line, without its end. */
  readonly returnPath: string;
  /** Unfolded, without its end. */
  readonly received: string;
  readonly content: Buffer;
}

/** Starts `carteiro serve --json` with a folder and ports of its own, and the users above. */
export async function serve(...flags: string[]): Promise<Served> {
  const folder = mkdtempSync(join(tmpdir(), "carteiro-serve-"));
  const program = startCarteiro("serve", "--json", ...usualFlags(folder), ...flags);
  try {
    const lines = await program.until((told) => (told.some((line) => line.includes('"ready"')) ? told : undefined));
    return served(program, folder, lines.map(parsed));
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

/** A folder, ports that are free, and the users. */
export function usualFlags(folder: string): string[] {
  const ports = ["relay", "submission", "submissions"].flatMap((role) => [`--${role}-port`, "0"]);
  const users = mailboxes.flatMap((address) => [
    "--user",
    address === user.address ? `${address}:${user.password}` : address,
  ]);
  return ["--data", folder, ...ports, ...users];
}

function served(program: Program, folder: string, lines: readonly Told[]): Served {
  const portOf = (role: string) => Number(lines.find((line) => line["role"] === role)?.["port"]);
  const when: Served["when"] = (type, holds = () => true) =>
    program.until((all) => all.map(parsed).find((told) => told.type === type && holds(told)));
  return {
    program,
    folder,
    ports: { relay: portOf("relay"), submission: portOf("submission"), submissions: portOf("submissions") },
    caFile: String(lines.at(-1)?.["caFile"]),
    told: (type) => program.until((all) => all.map(parsed).filter((told) => told.type === type)),
    when,
    take: (address = user.address) => takeMessages(join(folder, "mail", ...address.split("@").toReversed(), "new")),
    async [Symbol.asyncDispose]() {
      await program[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function parsed(line: string): Told {
  try {
    return JSON.parse(line) as Told;
  } catch {
    return { type: "text", line };
  }
}

function takeMessages(folder: string): StoredMessage[] {
  return namesIn(folder).map((name) => {
    const octets = readFileSync(join(folder, name));
    rmSync(join(folder, name));
    return storedMessage(octets);
  });
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** Tells the two fields in front from what was sent. */
export function storedMessage(octets: Buffer): StoredMessage {
  const text = octets.toString("latin1");
  const match = /^(Return-Path: [^\r\n]*)\r\n(Received: [^\r\n]*(?:\r\n[ \t][^\r\n]*)*)\r\n/.exec(text);
  if (match === null) throw new Error(`No Return-Path and Received in front of ${JSON.stringify(text.slice(0, 300))}`);
  const [fields, returnPath = "", received = ""] = match;
  return { returnPath, received: received.replaceAll(/\r\n\s+/g, " "), content: octets.subarray(fields.length) };
}
