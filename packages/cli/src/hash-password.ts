// `carteiro hash-password`: reads a password and prints what the configuration file may hold in its place.

import { createInterface } from "node:readline";
import { Writable } from "node:stream";

import { hashPassword, scramPassword } from "./passwords.ts";
import { sysexits, type ExitCode } from "./sysexits.ts";
import { CommandError, errorMessage } from "./system-error.ts";

/** Reads one line from standard input; nothing is shown of what is typed. Throws `CommandError` if there is none. */
export async function hashPasswordCommand(scram: boolean): Promise<ExitCode> {
  const [password = "", ...more] = await readLines();
  if (password === "") throw new CommandError(sysexits.EX_NOINPUT, "There is no password on standard input.");
  if (scram && more.length > 0)
    throw new CommandError(
      sysexits.EX_DATAERR,
      "There is more than one line on standard input: give the password alone.",
    );
  process.stdout.write(`${await hashed(password, scram)}\n`);
  return sysexits.EX_OK;
}

function hashed(password: string, scram: boolean): Promise<string> {
  if (!scram) return hashPassword(password);
  return scramPassword(password).catch((error: unknown) => {
    throw new CommandError(sysexits.EX_DATAERR, `${errorMessage(error)}.`, { cause: error });
  });
}

/** One line that is typed; all of what is piped. */
async function readLines(): Promise<readonly string[]> {
  const terminal = process.stdin.isTTY;
  if (terminal) process.stderr.write("Password: ");
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output: nowhere, terminal });
  const read: string[] = [];
  await new Promise<void>((resolve) => {
    lines.on("line", (line) => {
      read.push(line);
      // A second line is enough to know of more.
      if (terminal || read.length > 1) resolve();
    });
    lines.once("close", resolve);
  });
  lines.close();
  process.stdin.destroy();
  if (terminal) process.stderr.write("\n");
  return read;
}
