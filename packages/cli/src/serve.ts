// `carteiro serve`: takes mail from servers and from users, and delivers it into Maildirs.

import { join } from "node:path";

import type { FindWitness } from "@carteiro/driver";
import type { NodeServer } from "@carteiro/node";
import type { FaultPlan } from "@carteiro/testing";

import { firstMessageText } from "./first-message.ts";
import { furnish, type House } from "./house.ts";
import { createListener, roles, type ListenerOptions } from "./listeners.ts";
import type { ServeOptions } from "./options.ts";
import { isHashed } from "./passwords.ts";
import { SessionLog } from "./session-log.ts";
import { stopSignals } from "./stop-signals.ts";
import { sysexits, type ExitCode } from "./sysexits.ts";
import { CommandError, errorCode, errorMessage } from "./system-error.ts";
import { Terminal, type Role } from "./terminal.ts";

/**
 * Serves until a signal asks it to stop; a second one makes it stop at once, and so does one at start. Throws `CommandError`
 * if it cannot begin.
 */
export async function serve(options: ServeOptions): Promise<ExitCode> {
  const { stdout: stream, env: environment } = process;
  const terminal = new Terminal({ stream, json: options.json, now: () => new Date(), environment });
  const plan = options.faults.length === 0 ? undefined : await faultPlan(options.faults, terminal);
  const house = await furnish(options);
  const log = new SessionLog(terminal, { trace: options.trace });
  const witness = options.record === undefined ? undefined : await recordings(options.record);
  const wrapTransport = plan?.wrapTransport;
  const listeners = await listen(options, { ...options, ...house, log, witness, wrapTransport }, terminal);
  // Not before: until then nothing of anybody's is at stake, and a signal ends the process by itself.
  const stop = stopSignals();
  try {
    announce(options, house, listeners, terminal);
    const signal = await stop.asked;
    // Behind the ^C that the terminal shows.
    if (signal === "SIGINT" && stream.isTTY && !options.json) stream.write("\n");
    await close(listeners, signal, stop.forced, terminal);
  } finally {
    await destroy(listeners);
    plan?.close();
  }
  return sysexits.EX_OK;
}

/** Loaded when it is asked for. Throws `CommandError` if the folder cannot be made. */
async function recordings(folder: string): Promise<FindWitness> {
  try {
    return (await import("@carteiro/testing/node")).recordInto(folder);
  } catch (error) {
    if (errorCode(error) === undefined) throw error;
    const message = `The folder for recordings cannot be used: ${errorMessage(error)}. --record takes another.`;
    throw new CommandError(sysexits.EX_CANTCREAT, message, { cause: error });
  }
}

/** Loaded when it is asked for. Throws `CommandError` for a rule that makes no sense. */
async function faultPlan(rules: readonly string[], terminal: Terminal): Promise<FaultPlan> {
  const { faults, FaultError } = await import("@carteiro/testing");
  try {
    return faults(rules, { onFault: (fault) => terminal.show({ type: "fault", ...fault }) });
  } catch (error) {
    if (!(error instanceof FaultError)) throw error;
    throw new CommandError(sysexits.EX_USAGE, `--fault: ${error.message}.`, { cause: error });
  }
}

/** Lets the messages on their way arrive first, unless it is forced. */
async function close(
  listeners: readonly Listener[],
  signal: string,
  forced: AbortSignal,
  terminal: Terminal,
): Promise<void> {
  const sessions = listeners.reduce((sum, { server }) => sum + server.connections, 0);
  terminal.show({ type: "stopping", signal, sessions });
  await Promise.all(listeners.map(({ server }) => server.close({ signal: forced })));
  terminal.show({ type: "stopped" });
}

async function destroy(listeners: readonly Listener[]): Promise<void> {
  await Promise.all(listeners.map(({ server }) => server.destroy()));
}

interface Listener {
  readonly role: Role;
  readonly server: NodeServer;
  readonly port: number;
}

/** All three, or none. */
async function listen(options: ServeOptions, shared: ListenerOptions, terminal: Terminal): Promise<Listener[]> {
  const listeners: Listener[] = [];
  try {
    for (const role of roles) {
      const server = createListener(role, shared);
      const { address, port } = await listenOn(server, role, options);
      listeners.push({ role, server, port });
      terminal.show({ type: "listening", role, host: address, port });
    }
    return listeners;
  } catch (error) {
    await destroy(listeners);
    throw error;
  }
}

async function listenOn(server: NodeServer, role: Role, options: ServeOptions) {
  const { host, relayPort, submissionPort, submissionsPort } = options;
  const port = { relay: relayPort, submission: submissionPort, submissions: submissionsPort }[role];
  try {
    return await server.listen({ host, port, implicitTls: role === "submissions" });
  } catch (error) {
    throw cannotListen(role, `port ${port} on ${host}`, error);
  }
}

function cannotListen(role: Role, where: string, error: unknown): CommandError {
  const elsewhere = `--${role}-port takes another port, and 0 takes a free one`;
  switch (errorCode(error)) {
    case "EADDRINUSE":
      return new CommandError(sysexits.EX_UNAVAILABLE, `Another program listens on ${where}. ${elsewhere}.`);
    case "EACCES":
      return new CommandError(sysexits.EX_NOPERM, `Only a privileged user may listen on ${where}. ${elsewhere}.`);
    default:
      return new CommandError(sysexits.EX_UNAVAILABLE, `Cannot listen on ${where}: ${errorMessage(error)}.`);
  }
}

function announce(options: ServeOptions, house: House, listeners: readonly Listener[], terminal: Terminal): void {
  const { hostname, domains, host } = options;
  const { mailFolder, credentialsFile, certificate } = house;
  terminal.show({ type: "ready", hostname, domains, mailFolder, caFile: certificate.caFile, credentialsFile });
  if (options.json) return;
  const text = firstMessageText({
    host,
    ports: portsOf(listeners),
    caFile: certificate.caFile,
    ...correspondent(house, options),
  });
  process.stdout.write(`\n${text}\n`);
}

function portsOf(listeners: readonly Listener[]): Readonly<Record<Role, number>> {
  const portOf = (role: Role) => listeners.find((listener) => listener.role === role)?.port ?? 0;
  return { relay: portOf("relay"), submission: portOf("submission"), submissions: portOf("submissions") };
}

/** Whom to write to, and who may log in. A password that nobody else can see is not shown: others may read this. */
function correspondent({ users, mailboxes, maildir }: House, { usersInPublic }: ServeOptions) {
  const [mailbox] = mailboxes.all;
  const user = users.find(({ password }) => password !== undefined);
  const shown = usersInPublic && user?.password !== undefined && !isHashed(user.password);
  return {
    mailbox: mailbox?.address ?? "postmaster",
    newFolder: mailbox === undefined ? "" : join(maildir.folder(mailbox), "new"),
    login: user && { user: user.address, password: shown ? user.password : undefined },
  };
}
