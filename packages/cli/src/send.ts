// `carteiro send`: submits one message, and says of each recipient what became of it.

import { X509Certificate } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { hostname as systemHostname } from "node:os";

import { forwardPath, helloName, reversePath, type ForwardPath, type ReversePath } from "@carteiro/core";
import type { ClientOptions, FindWitness, SendResult } from "@carteiro/driver";
import { connect, type ConnectOptions } from "@carteiro/node";

import { composeMessage, messageOf, openMessage, type MessageSource } from "./compose.ts";
import { isDomainName } from "./domains.ts";
import type { SendOptions } from "./options.ts";
import { withProgress } from "./progress.ts";
import { answeredRecipients, failedRecipients, SendError, sendFailure, unreadableMessage } from "./send-failure.ts";
import { showReport, showTrace, type SendReport } from "./send-report.ts";
import { exitCodeFor, type ExitCode } from "./sysexits.ts";

/** Sends, reports, and gives the exit code. Rejects for nothing but a fault of our own. */
export async function send(options: SendOptions): Promise<ExitCode> {
  const report = await attempt(options);
  showReport(report, options, process);
  return exitCodeFor(report);
}

async function attempt(options: SendOptions): Promise<SendReport> {
  try {
    const envelope = envelopeOf(options);
    const connection = await connectOptions(options);
    await using message = await messageFor(options);
    const result = await submit(options, envelope, connection, message);
    return { recipients: answeredRecipients(result.recipients), reply: result.reply };
  } catch (error) {
    return { error: sendFailure(error, options), recipients: failedRecipients(error) };
  }
}

async function submit(
  options: SendOptions,
  envelope: Envelope,
  connection: ConnectOptions,
  { content, size }: MessageSource,
): Promise<SendResult> {
  const { signal } = connection;
  const client = await connect(connection);
  // Not the signal of the sending itself: that would reject with its reason, and tell nothing of the recipients.
  const abort = () => client.destroy(signal?.reason);
  if (signal?.aborted === true) abort();
  signal?.addEventListener("abort", abort);
  try {
    return await client.send({
      ...envelope,
      content: unreadableMessage(shownProgress(content, size, options)),
      ...(size !== undefined && { size }),
    });
  } finally {
    await client.quit();
    signal?.removeEventListener("abort", abort);
  }
}

interface Envelope {
  readonly from: ReversePath;
  readonly to: readonly ForwardPath[];
}

/** Throws `InvalidValueError` for what is no address. */
function envelopeOf({ from, to }: SendOptions): Envelope {
  return { from: reversePath(from === "" ? null : from), to: to.map(forwardPath) };
}

/** Throws `InvalidValueError` for a bad name, `SendError` if the authorities cannot be read or there are none. */
async function connectOptions(options: SendOptions): Promise<ConnectOptions> {
  const { host, port, auth, mechanisms, serverName, timeoutSeconds } = options;
  const ca = await authorities(options);
  return {
    host,
    port,
    hostname: helloName(options.hello ?? ownName()),
    tls: { ...(ca !== undefined && { ca }), ...(serverName !== undefined && { serverName }) },
    ...tlsPolicy(options),
    ...(auth && { auth }),
    ...(mechanisms.length > 0 && { mechanisms }),
    ...(timeoutSeconds !== undefined && { signal: AbortSignal.timeout(timeoutSeconds * 1000) }),
    ...(options.record !== undefined && { witness: await recording(options.record) }),
    ...(options.trace && { onTrace: (line) => showTrace(line, process.stderr) }),
  };
}

/** Loaded when it is asked for. */
async function recording(file: string): Promise<FindWitness> {
  try {
    await writeFile(file, "");
  } catch (error) {
    throw new SendError("input", "--record cannot be written", error);
  }
  return (await import("@carteiro/testing/node")).recordTo(file);
}

function tlsPolicy({
  tls,
}: SendOptions): Pick<ConnectOptions, "implicitTls"> & Pick<ClientOptions, "startTls" | "allowAuthInClear"> {
  if (tls === "implicit") return { implicitTls: true };
  // Who says "never" beside a password means it; an attacker who hides STARTTLS must not bring it about.
  return { startTls: tls, allowAuthInClear: tls === "never" };
}

/** Servers like a name that they can look up; one that is no domain name would be refused for its syntax. */
function ownName(): string {
  const name = systemHostname();
  return isDomainName(name) ? name : "localhost";
}

async function authorities({ caFile }: SendOptions): Promise<string | undefined> {
  if (caFile === undefined) return undefined;
  const pem = await readFile(caFile, "utf8").catch((error: unknown) => {
    throw new SendError("input", "--ca cannot be read", error);
  });
  try {
    // Node itself takes a file without any certificate for a list of none, and trusts nobody.
    void new X509Certificate(pem);
    return pem;
  } catch (error) {
    throw new SendError("input", `--ca ${caFile} holds no certificate in PEM`, error);
  }
}

async function messageFor({ message, from, to }: SendOptions): Promise<MessageSource> {
  if (message.kind === "composed") {
    const { subject, text } = message;
    return messageOf(await composeMessage({ from, to, subject, text, date: new Date() }));
  }
  try {
    return await openMessage(message.path);
  } catch (error) {
    throw new SendError("input", "The message cannot be read", error);
  }
}

function shownProgress(content: AsyncIterable<Uint8Array>, size: number | undefined, options: SendOptions) {
  const silent = options.quiet || options.json || options.trace;
  return silent ? content : withProgress(content, { stream: process.stderr, size, now: () => performance.now() });
}
