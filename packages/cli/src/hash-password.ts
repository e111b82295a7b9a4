// `carteiro hash-password`: reads a password and prints what the configuration file may hold in its place.

import { createInterface } from "node:readline";
import { Writable } from "node:stream";

import { hashPassword, scramPassword } from "./passwords.ts";
import { sysexits, type ExitCode } from "./sysexits.ts";
import { CommandError, errorMessage } from "./system-error.ts";

/** Reads one line from standard input; nothing is shown of what is typed. Throws `CommandError` if there is none. */
export async function hashPasswordCommand(scram: boolean): Promise<ExitCode> {
  const password = await readLine();
  if (password === "") throw new CommandError(sysexits.EX_NOINPUT, "There is no password on standard input.");
  process.stdout.write(`${await hashed(password, scram)}\n`);
  return sysexits.EX_OK;
}

function hashed(password: string, scram: boolean): Promise<string> {
  if (!scram) return hashPassword(password);
  return scramPassword(password).catch((error: unknown) => {
    throw new CommandError(sysexits.EX_DATAERR, `${errorMessage(error)}.`, { cause: error });
  });
}

async function readLine(): Promise<string> {
  const terminal = process.stdin.isTTY;
  if (terminal) process.stderr.write("Password: ");
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output: nowhere, terminal });
  const line = await new Promise<string>((resolve) => {
    lines.once("line", resolve);
    lines.once("close", () => resolve(""));
  });
  lines.close();
  if (terminal) process.stderr.write("\n");
  return line;
}
