#!/usr/bin/env node
// The command `carteiro`: reads the command line, runs what it asks for, and ends with an exit code of sysexits.

import { parseCommandLine, UsageError, type CommandLine } from "./options.ts";
import { sysexits, type ExitCode } from "./sysexits.ts";
import { CommandError, errorMessage } from "./system-error.ts";

// Whoever reads our output may stop doing so (`| head`): that is no reason for a server to fall.
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined);

/** As `engines` in the manifest has it, which installers only warn of. */
const leastNode = 24;

process.exitCode = await main(process.argv.slice(2));

async function main(argv: readonly string[]): Promise<ExitCode> {
  if (Number.parseInt(process.versions.node, 10) < leastNode) {
    return complain(`Node ${leastNode} or later is needed; this is ${process.versions.node}.`, sysexits.EX_UNAVAILABLE);
  }
  const line = parseCommandLine(argv);
  if (line instanceof UsageError) return complain(line.message, line.exitCode);
  try {
    return await run(line);
  } catch (error) {
    if (error instanceof UsageError || error instanceof CommandError) return complain(error.message, error.exitCode);
    const trace = error instanceof Error ? error.stack : undefined;
    return complain(`A fault of carteiro's own: ${trace ?? errorMessage(error)}`, sysexits.EX_SOFTWARE);
  }
}

/** Each command is loaded when it is asked for. */
async function run(line: CommandLine): Promise<ExitCode> {
  switch (line.command) {
    case "serve":
      return (await import("./serve.ts")).serve(line.options);
    case "send":
      return (await import("./send.ts")).send(line.options);
    case "hash-password":
      return (await import("./hash-password.ts")).hashPasswordCommand(line.scram === true);
    case "replay":
      return (await import("./replay.ts")).replayCommand(line.options);
    case "trace":
      return (await import("./trace.ts")).traceCommand(line.options);
    case "help":
      process.stdout.write(line.text);
      return sysexits.EX_OK;
    case "version": {
      const { packageVersion } = await import("./version.ts");
      process.stdout.write(`carteiro ${packageVersion()}\n`);
      return sysexits.EX_OK;
    }
  }
}

function complain(message: string, code: ExitCode): ExitCode {
  process.stderr.write(`carteiro: ${message}\n`);
  return code;
}
