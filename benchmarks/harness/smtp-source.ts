// Postfix's client in C, where it is installed, or unpacked in the folder that CARTEIRO_POSTFIX names. It knows no PIPELINING.

import { execFile } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { clientSample } from "./client.ts";
import { onMeasuredCore } from "./machine.ts";
import type { Contender } from "./question.ts";
import { startSink } from "./sink.ts";

const folder = process.env["CARTEIRO_POSTFIX"] ?? "/";
const path = join(folder, "usr/sbin/smtp-source");

export interface SourceOptions {
  readonly octets: number;
  /** Messages of a round; a hundredth of that where the scale is `quick`. */
  readonly messages: number;
  /** Whether each message has a connection of its own, and how many of these there are at once. */
  readonly connectionEach?: boolean;
  readonly connections?: number;
}

/** A contender whose rounds are a process each; what starting that costs is counted, and is little. */
export function smtpSource(
  name: string,
  { octets, messages, connectionEach = false, connections = 1 }: SourceOptions,
): Contender {
  return {
    name,
    missing: () => (isThere() ? undefined : "not installed"),
    start: async ({ quick }) => {
      const count = quick ? Math.max(20, Math.ceil(messages / 100)) : messages;
      const sink = await startSink();
      const numbers = ["-s", connections, "-m", count, "-l", octets].map(String);
      const envelope = ["-f", "ana@example.net", "-t", "bia@example.org"];
      const words = [...numbers, ...envelope, ...(connectionEach ? [] : ["-d"]), `inet:127.0.0.1:${sink.port}`];
      const round = async () => {
        const before = sink.messages();
        const sample = clientSample(await timed([path, ...words]), count);
        if (sink.messages() - before !== count) throw new Error(`${name} did not send ${count} messages`);
        return sample;
      };
      return { round, stop: () => sink.stop() };
    },
  };
}

function isThere(): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Runs a command; its CPU and its time in microseconds, as the shell tells them. */
async function timed(command: readonly [string, ...string[]]): Promise<{ cpu: number; wall: number }> {
  const env = { ...process.env, LD_LIBRARY_PATH: join(folder, "usr/lib/postfix"), TIMEFORMAT: "%U %S %R" };
  const words = ["-c", 'time "$@"', "bash", ...onMeasuredCore(command)];
  const { stderr } = await promisify(execFile)("bash", words, { env });
  const [user = 0, system = 0, wall = 0] = (stderr.trim().split("\n").at(-1) ?? "").split(" ").map(Number);
  return { cpu: (user + system) * 1e6, wall: wall * 1e6 };
}
