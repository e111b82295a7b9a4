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
  if (error instanceof DOMException && error.name === "TimeoutError") return ours("timeout", "The time is over");
  if (error instanceof LocalProtocolError)
    return ours("unsupported", `The server does not take this: ${error.message}`);
  if (error instanceof SmtpError) return sessionFailure(error);
  return connectionFailure(error, `${host} port ${port}`);
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
  timeout: "timeout",
  disconnected: "network",
  protocol: "protocol",
  aborted: "internal",
};

function sessionFailure(error: SmtpError): SendFailure {
  const { failure, result } = error;
  if (isTlsError(error.cause)) return tlsFailure(error.cause);
  const uncertain = result?.uncertain === true;
  const message = uncertain ? `${error.message}; the message may have been accepted all the same` : error.message;
  return {
    kind: kinds[failure.kind],
    message,
    code: failure.reply?.code,
    enhanced: failure.reply?.enhanced,
    uncertain,
  };
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
