// What `carteiro send` says in the end: for people a line a recipient, for machines one JSON object.

import type { Reply } from "@carteiro/core";

import type { RecipientReport, SendFailure } from "./send-failure.ts";
import { exitCodeFor } from "./sysexits.ts";
import { escapeControls } from "./terminal.ts";

export interface SendReport {
  /** In the order given; none where it never came to that. */
  readonly recipients: readonly RecipientReport[];
  /** The server's reply to the content, where it came to that. */
  readonly reply?: Reply | undefined;
  readonly error?: SendFailure | undefined;
}

interface Writable {
  write(text: string): unknown;
}

export interface ReportStreams {
  readonly stdout: Writable;
  readonly stderr: Writable;
}

/** Accepted recipients go to standard output; refused ones and what went wrong to standard error. */
export function showReport(
  report: SendReport,
  { json, quiet, trace }: { readonly json: boolean; readonly quiet: boolean; readonly trace: boolean },
  { stdout, stderr }: ReportStreams,
): void {
  if (json)
    return void stdout.write(`${escapeControls(JSON.stringify({ exitCode: exitCodeFor(report), ...report }))}\n`);
  if (quiet) return;
  for (const recipient of report.recipients) {
    const stream = recipient.accepted ? stdout : stderr;
    stream.write(`${escapeControls(describe(recipient, report.error))}\n`);
  }
  if (report.error === undefined) return;
  const { message, state } = report.error;
  const where = trace && state !== undefined ? `  [${state}]` : "";
  stderr.write(`carteiro: ${escapeControls(message + where)}\n`);
}

/** One line of the dialogue. */
export function showTrace(
  { from, line, state }: { readonly from: "client" | "server"; readonly line: string; readonly state: string },
  stream: Writable,
): void {
  stream.write(`${escapeControls(`${from === "client" ? "C" : "S"}: ${line}  [${state}]`)}\n`);
}

function describe(
  { recipient, accepted, code, enhanced, text }: RecipientReport,
  error: SendFailure | undefined,
): string {
  const said = [code, enhanced, text].filter((part) => part !== undefined).join(" ");
  if (accepted) return `accepted <${recipient}>: ${said}`;
  if (code !== undefined) return `refused <${recipient}>: ${said}`;
  return `${error?.uncertain === true ? "uncertain" : "not sent to"} <${recipient}>: the session ended before an answer came`;
}
