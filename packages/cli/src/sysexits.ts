// Exit codes of the command, after BSD's sysexits.h, and which of them tells how a sending ended.

export const sysexits = {
  EX_OK: 0,
  EX_USAGE: 64,
  EX_DATAERR: 65,
  EX_NOINPUT: 66,
  EX_NOUSER: 67,
  EX_NOHOST: 68,
  EX_UNAVAILABLE: 69,
  EX_SOFTWARE: 70,
  EX_OSERR: 71,
  EX_OSFILE: 72,
  EX_CANTCREAT: 73,
  EX_IOERR: 74,
  EX_TEMPFAIL: 75,
  EX_PROTOCOL: 76,
  EX_NOPERM: 77,
  EX_CONFIG: 78,
} as const;

/** What `carteiro replay` ends with where the session goes otherwise, as `diff` does. */
export const exitDifferent = 1;

export type ExitCode = (typeof sysexits)[keyof typeof sysexits] | typeof exitDifferent;

/**
 * What ended a sending before every recipient had its answer:
 * - `usage`: the command line asks for what cannot be. `input`: the message could not be read.
 * - `host`: the host's name does not exist. `network`, `timeout`: it could not be reached, or fell silent.
 * - `tls`: TLS is not offered, or the certificate is not trusted. `auth`: no common mechanism, or credentials refused.
 * - `unsupported`: the server does not take such a message: it is too large for it, or needs SMTPUTF8.
 * - `protocol`: the server broke the protocol. `refused`: a reply refused the session, the sender or the content.
 * - `internal`: a fault of ours.
 */
export type SendErrorKind =
  | "usage"
  | "input"
  | "host"
  | "network"
  | "timeout"
  | "tls"
  | "auth"
  | "unsupported"
  | "protocol"
  | "refused"
  | "internal";

/** A reply that said no: its code, for example 550, and its enhanced code where there was one, for example `5.1.1`. */
export interface Refusal {
  readonly code?: number | undefined;
  readonly enhanced?: string | undefined;
}

/** How a sending ended, as plain data. `accepted` means by the last word: after the content, not at RCPT. */
export interface SendOutcome {
  readonly error?: ({ readonly kind: SendErrorKind } & Refusal) | undefined;
  readonly recipients: readonly ({ readonly accepted: boolean } & Refusal)[];
}

/** For `--help` and the documentation: every code that `carteiro send` exits with. */
export const exitCodeTable: readonly (readonly [code: number, name: string, meaning: string])[] = [
  [0, "EX_OK", "a recipient was accepted; each refused one is named"],
  [64, "EX_USAGE", "the command line is wrong"],
  [65, "EX_DATAERR", "the message itself was refused (5.6.x)"],
  [66, "EX_NOINPUT", "the message, or a certificate in --ca, could not be read"],
  [67, "EX_NOUSER", "no recipient exists there (550 5.1.1 for each)"],
  [68, "EX_NOHOST", "the host's name does not exist"],
  [69, "EX_UNAVAILABLE", "refused for good (5yz), or not to be had: TLS, SMTPUTF8"],
  [70, "EX_SOFTWARE", "a fault of carteiro's own"],
  [75, "EX_TEMPFAIL", "trying later may help: 4yz, no connection, or time ran out"],
  [76, "EX_PROTOCOL", "the server does not speak SMTP as it should"],
  [77, "EX_NOPERM", "authentication is required, or was refused"],
];

/** The exit code that tells a script how the sending ended; the table above says what each means. */
export function exitCodeFor(outcome: SendOutcome): ExitCode {
  const { error, recipients } = outcome;
  if (recipients.some((recipient) => recipient.accepted)) return sysexits.EX_OK;
  if (error !== undefined) return exitCodeForError(error);
  if (recipients.length === 0) return sysexits.EX_USAGE;
  // One recipient for whom later may help is reason enough to try later.
  const codes = recipients.map(exitCodeForRefusal);
  if (codes.includes(sysexits.EX_TEMPFAIL)) return sysexits.EX_TEMPFAIL;
  const [first = sysexits.EX_UNAVAILABLE] = codes;
  return codes.every((code) => code === first) ? first : sysexits.EX_UNAVAILABLE;
}

function exitCodeForError(error: { readonly kind: SendErrorKind } & Refusal): ExitCode {
  switch (error.kind) {
    case "usage":
      return sysexits.EX_USAGE;
    case "input":
      return sysexits.EX_NOINPUT;
    case "host":
      return sysexits.EX_NOHOST;
    case "network":
    case "timeout":
      return sysexits.EX_TEMPFAIL;
    case "tls":
      return isTransient(error) ? sysexits.EX_TEMPFAIL : sysexits.EX_UNAVAILABLE;
    case "auth":
      return isTransient(error) ? sysexits.EX_TEMPFAIL : sysexits.EX_NOPERM;
    case "unsupported":
      return sysexits.EX_UNAVAILABLE;
    case "protocol":
      return sysexits.EX_PROTOCOL;
    case "refused":
      return exitCodeForRefusal(error);
    case "internal":
      return sysexits.EX_SOFTWARE;
  }
}

function exitCodeForRefusal(refusal: Refusal): ExitCode {
  const { code, enhanced = "" } = refusal;
  // No reply at all says nothing against a second try.
  if (code === undefined || isTransient(refusal)) return sysexits.EX_TEMPFAIL;
  if (code === 530 || code === 534 || code === 535 || code === 538) return sysexits.EX_NOPERM;
  if (code === 550 && enhanced === "5.1.1") return sysexits.EX_NOUSER;
  if (enhanced.startsWith("5.6.")) return sysexits.EX_DATAERR;
  return sysexits.EX_UNAVAILABLE;
}

function isTransient({ code }: Refusal): boolean {
  return code !== undefined && code >= 400 && code < 500;
}
