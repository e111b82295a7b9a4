// Why a sending came to nothing: from the errors of system, TLS and session to the kinds that exit codes are made of.

import { InvalidValueError, LocalProtocolError, type FailureKind, type RecipientResult } from "@carteiro/core";
import { SmtpError } from "@carteiro/driver";

import { errorCode, errorMessage } from "./system-error.ts";
import type { SendErrorKind } from "./sysexits.ts";

/** One recipient and the reply that decided on it; no code where there was none. */
export interface RecipientReport {
  readonly recipient: string;
  readonly accepted: boolean;
  readonly code?: number | undefined;
  readonly enhanced?: string | undefined;
  readonly text?: string | undefined;
}

export interface SendFailure {
  readonly kind: SendErrorKind;
  /** For people, in one line. */
  readonly message: string;
  readonly code?: number | undefined;
  readonly enhanced?: string | undefined;
  /** The session's state in which it ended. */
  readonly state?: string | undefined;
  /** The server may have taken the message all the same: sending it again may duplicate it. */
  readonly uncertain: boolean;
}

/** What ended a sending on our own side. */
export class SendError extends Error {
  override readonly name = "SendError";
  readonly kind: SendErrorKind;

  constructor(kind: SendErrorKind, message: string, cause: unknown) {
    super(`${message}: ${errorMessage(cause)}`, { cause });
    this.kind = kind;
  }
}

export function answeredRecipients(results: readonly RecipientResult[]): RecipientReport[] {
  return results.map(({ recipient, accepted, reply }) => ({
    recipient: recipient.address,
    accepted,
    ...(reply && { code: reply.code, enhanced: reply.enhanced, text: reply.lines.join(" ") }),
  }));
}

/** What is known of the recipients although the sending failed. */
export function failedRecipients(error: unknown): RecipientReport[] {
  return error instanceof SmtpError ? answeredRecipients(error.result?.recipients ?? []) : [];
}

/** The same content; that it cannot be read is told apart from what may befall the sending. */
export async function* unreadableMessage(content: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const iterator = content[Symbol.asyncIterator]();
  try {
    for (;;) {
      const { done, value } = await next(iterator);
      if (done === true) return;
      yield value;
    }
  } finally {
    await iterator.return?.();
  }
}

async function next(iterator: AsyncIterator<Uint8Array>): Promise<IteratorResult<Uint8Array>> {
  try {
    return await iterator.next();
  } catch (error) {
    throw new SendError("input", "The message cannot be read", error);
  }
}

/** Says what went wrong, and what the user may do about it. */
export function sendFailure(
  error: unknown,
  { host, port }: { readonly host: string; readonly port: number },
): SendFailure {
  if (error instanceof SendError) return ours(error.kind, error.message);
  if (error instanceof InvalidValueError) return ours("usage", error.message);
  if (isTimeout(error)) return ours("timeout", timeIsOver);
  if (error instanceof LocalProtocolError)
    return ours("unsupported", `The server does not take this: ${error.message}`);
  if (error instanceof SmtpError) return sessionFailure(error);
  return connectionFailure(error, `${host} port ${port}`);
}

const timeIsOver = "The time is over";

/** The reason of `AbortSignal.timeout`. */
function isTimeout(error: unknown): boolean {
  return error instanceof DOMException && error.name === "TimeoutError";
}

function ours(kind: SendErrorKind, message: string): SendFailure {
  return { kind, message, uncertain: false };
}

const kinds: Readonly<Record<FailureKind, SendErrorKind>> = {
  refused: "refused",
  serviceClosing: "refused",
  tlsUnavailable: "tls",
  tlsFailed: "tls",
  authUnavailable: "auth",
  authRefused: "auth",
  authUntrusted: "auth",
  timeout: "timeout",
  disconnected: "network",
  protocol: "protocol",
  aborted: "internal",
  exhausted: "refused",
};

function sessionFailure(error: SmtpError): SendFailure {
  const { failure, uncertain, cause } = error;
  if (isTlsError(cause)) return tlsFailure(cause);
  const timeout = isTimeout(cause);
  const said = timeout ? timeIsOver : describe(error);
  return {
    kind: timeout ? "timeout" : kinds[failure.kind],
    message: uncertain ? `${said}; the message may have been accepted all the same` : said,
    code: failure.reply?.code,
    enhanced: failure.reply?.enhanced,
    state: failure.during,
    uncertain,
  };
}

const meanings: Readonly<Record<FailureKind, string>> = {
  refused: "The server refused",
  serviceClosing: "The server is closing the connection",
  tlsUnavailable: "TLS is required, and the server does not provide it",
  tlsFailed: "The TLS handshake failed",
  authUnavailable: "There is no way to authenticate here",
  authRefused: "The server refused the credentials",
  authUntrusted: "The server did not prove that it knows the password",
  timeout: "The server did not answer in time",
  disconnected: "The connection ended",
  protocol: "The server broke the protocol",
  aborted: "The session was aborted",
  exhausted: "The server takes no more in this session",
};

/** The error's own message without the name of a state, which says nothing to those who do not know our charts. */
function describe({ failure, cause }: SmtpError): string {
  const { kind, reply } = failure;
  const detail = failure.detail ?? failure.oauthError?.status;
  const code = reply?.code ?? 0;
  const postponed = kind === "authUnavailable" && code >= 400 && code < 500;
  const meaning = postponed ? "The server cannot authenticate anybody for now" : meanings[kind];
  const answer = reply && [reply.code, reply.enhanced, ...reply.lines].filter((part) => part !== undefined).join(" ");
  const because = cause instanceof Error ? cause.message : undefined;
  return [detail === undefined ? meaning : `${meaning} (${detail})`, answer, because]
    .filter((part) => part !== undefined)
    .join(": ");
}

function connectionFailure(error: unknown, where: string): SendFailure {
  if (isTlsError(error)) return tlsFailure(error);
  const code = errorCode(error);
  if (code === "ENOTFOUND") return ours("host", `There is no host of that name: ${errorMessage(error)}`);
  return ours("network", `No connection to ${where}: ${errorMessage(error)}`);
}

/** Errors of OpenSSL and of certificates have words in their codes (`CERT_HAS_EXPIRED`); the system's have none. */
function isTlsError(error: unknown): boolean {
  const code = errorCode(error) ?? "";
  return code === "EPROTO" || (code.includes("_") && !code.startsWith("EAI_"));
}

function tlsFailure(error: unknown): SendFailure {
  return ours("tls", `TLS failed: ${errorMessage(error)}${advice(error)}`);
}

function advice(error: unknown): string {
  const code = errorCode(error) ?? "";
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID") return "; --server-name says what name to expect";
  if (code.startsWith("ERR_SSL_")) return "; does the server speak TLS from the start on this port? See --tls";
  return code.startsWith("ERR_") || code === "EPROTO" ? "" : "; --ca FILE says whom to trust";
}
