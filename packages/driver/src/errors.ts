// The errors that applications meet, and what each of them says.

import type { Failure, Reply, TransactionResult } from "@carteiro/core";

/** The server's session will refuse this content at its end: too large, or with bare newlines. Nothing is to be kept of it. */
export class ContentRefusedError extends Error {
  override readonly name = "ContentRefusedError";
  readonly reply: Reply;

  constructor(reply: Reply) {
    super(`The content is refused: ${reply.code} ${reply.lines.join(" ")}`);
    this.reply = reply;
  }
}

/** The session ended before the message was answered. Nothing is to be kept of it: the client will send it again. */
export class ContentAbortedError extends Error {
  override readonly name = "ContentAbortedError";

  constructor() {
    super("The session ended before the message was answered: nothing is to be kept of it");
  }
}

/** A decision is not wanted any more: the session closed, or the time to decide was over. */
export class DecisionVoidError extends Error {
  override readonly name = "DecisionVoidError";
}

export interface SmtpErrorOptions {
  readonly result?: TransactionResult | undefined;
  readonly contentEnded?: boolean;
  /** What broke the connection, where something did. */
  readonly cause?: unknown;
}

/** A client's session came to nothing, or could not begin. `failure` says why and where; `result` what became of a message. */
export class SmtpError extends Error {
  override readonly name = "SmtpError";
  readonly failure: Failure;
  /** What is known of the message's recipients. None: no transaction had been begun. */
  readonly result: TransactionResult | undefined;
  /** Whether the whole content, its end included, had been handed over to be sent. */
  readonly contentEnded: boolean;

  constructor(failure: Failure, { result, contentEnded = false, cause }: SmtpErrorOptions = {}) {
    super(describe(failure, cause), cause === undefined ? undefined : { cause });
    this.failure = failure;
    this.result = result;
    this.contentEnded = contentEnded;
  }

  /** Whether the server may have accepted the message all the same: to send it again may duplicate it (RFC 1047). */
  get uncertain(): boolean {
    return this.result?.uncertain === true;
  }
}

/** Whether some recipient was accepted, or may have been, before it came to this. */
export function tellsOfMail(error: unknown): boolean {
  if (!(error instanceof SmtpError)) return false;
  return error.uncertain || error.result?.recipients.some(({ accepted }) => accepted) === true;
}

const meanings: Readonly<Record<Failure["kind"], string>> = {
  refused: "The server refused",
  tlsUnavailable: "TLS is required, and the server does not provide it",
  tlsFailed: "The TLS handshake failed",
  authUnavailable: "There is no way to authenticate here",
  authRefused: "The server refused the credentials",
  authUntrusted: "The server did not prove that it knows the password",
  serviceClosing: "The server is closing the connection",
  timeout: "The server did not answer in time",
  disconnected: "The connection ended",
  protocol: "The server broke the protocol",
  aborted: "The session was aborted",
  exhausted: "The server takes no more in this session",
};

function describe({ kind, during, reply, detail, oauthError }: Failure, cause: unknown): string {
  const why = detail ?? oauthError?.status;
  const said =
    reply === undefined
      ? ""
      : `: ${reply.code} ${reply.enhanced === undefined ? "" : `${reply.enhanced} `}${reply.lines.join(" ")}`;
  const because = cause instanceof Error ? `: ${cause.message}` : "";
  return `${meanings[kind]}${why === undefined ? "" : ` (${why})`} in ${during}${said}${because}`;
}
