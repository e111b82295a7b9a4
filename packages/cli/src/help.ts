// What --help prints.

import { sendFlags, serveFlags } from "./flags.ts";
import type { Flag } from "./settings.ts";
import { exitCodeTable } from "./sysexits.ts";

/** Text for `carteiro --help`, or for one command's `--help`; each ends with a line end. */
export function helpText(command?: string): string {
  if (command === "serve") return serveHelp();
  if (command === "hash-password") return hashPasswordHelp();
  return command === "send" ? sendHelp() : generalHelp();
}

function generalHelp(): string {
  return `carteiro: a mail server, and a command that sends mail

  carteiro serve [OPTION]...         receive mail into Maildirs
  carteiro send [OPTION]... [FILE]   submit one message
  carteiro hash-password [--scram]   read a password, print its hash
  carteiro --version                 print the version

"carteiro serve --help" and "carteiro send --help" list the options.
`;
}

function serveHelp(): string {
  return `carteiro serve: receive mail and deliver it into DIR/mail/DOMAIN/LOCAL/new/

  carteiro serve [OPTION]...

${flagLines(serveFlags)}

Port 0 picks a free one. Without --user there is one user, "user" at the first
domain, with the password in DIR/credentials.json. Without --domain the users'
domains are the local ones. --domain and --user may be repeated.
`;
}

function hashPasswordHelp(): string {
  return `carteiro hash-password: read a password, print what the configuration keeps

  carteiro hash-password [--scram]

Reads one line from standard input; a terminal does not show what is typed.

  ${"--scram".padEnd(28)} print SCRAM-SHA-256's keys, not a hash of scrypt
  ${"--help".padEnd(28)} print this
`;
}

function sendHelp(): string {
  return `carteiro send: submit one message

  carteiro send --host H --port P --from A --to B [OPTION]... FILE.eml
  carteiro send --host H --port P --from A --to B [OPTION]... -
  carteiro send --host H --port P --from A --to B --subject S --text T

The message is a file, standard input, or composed.

${flagLines(sendFlags)}

--tls is implicit for the ports 465 and 2465; else required with --auth, and
opportunistic without. A password goes without TLS only with --tls never.
Opportunistic verifies no certificate unless --ca or --server-name is given.

Exit codes:
${exitCodeTable.map(([code, name, meaning]) => `  ${String(code).padStart(2)}  ${name.padEnd(15)} ${meaning}`).join("\n")}
`;
}

function flagLines(flags: readonly Flag[]): string {
  const lines = flags.map(({ name, value, help }) => {
    const usage = `--${name}${value === undefined ? "" : ` ${value}`}`;
    return `  ${usage.padEnd(28)} ${help}`;
  });
  return [...lines, `  ${"--help".padEnd(28)} print this`].join("\n");
}
