// What --help prints.

import { replayFlags, sendFlags, serveFlags, traceFlags } from "./flags.ts";
import type { Flag } from "./settings.ts";
import { exitCodeTable } from "./sysexits.ts";

/** Text for `carteiro --help`, or for one command's `--help`; each ends with a line end. */
export function helpText(command?: string): string {
  if (command === "serve") return serveHelp();
  if (command === "hash-password") return hashPasswordHelp();
  if (command === "replay") return replayHelp();
  if (command === "trace") return traceHelp();
  return command === "send" ? sendHelp() : generalHelp();
}

function generalHelp(): string {
  return `carteiro: a mail server, and a command that sends mail

  carteiro serve [OPTION]...         receive mail into Maildirs
  carteiro send [OPTION]... [FILE]   submit one message
  carteiro hash-password [--scram]   read a password, print its hash
  carteiro replay [OPTION]... FILE   have a recorded session go once more
  carteiro trace [--html] FILE       show a recorded session
  carteiro --version                 print the version

"carteiro serve --help", and the others likewise, list the options.
`;
}

function serveHelp(): string {
  return `carteiro serve: receive mail and deliver it into DIR/mail/DOMAIN/LOCAL/new/

  carteiro serve [OPTION]...

${flagLines(serveFlags)}

Port 0 picks a free one. Without --user there is one user, "user" at the first
domain, with the password in DIR/credentials.json. Without --domain the users'
domains are the local ones. --domain and --user may be repeated.

--fault breaks connections on purpose, for tests of what sends to them. It may
be repeated; a rule is WHEN [SCOPE]: WHAT, WHAT …

  ${"WHEN".padEnd(10)} greeting | RCPT | RCPT#2 | command#3 | recipient#2 | recipient <B>
  ${"".padEnd(10)} content+100 | content-end | tls | sent+100 | received+100
  ${"".padEnd(10)} state receivingContent
  ${"SCOPE".padEnd(10)} connection 1, 2-4 or every 2 | once | times 3
  ${"WHAT".padEnd(10)} reply 451 4.3.0 Later | disconnect421 | drop | drop 5 | reset
  ${"".padEnd(10)} half-close | stall | delay 1000 | dribble 1 200 | garbage | corrupt
  ${"".padEnd(10)} duplicate | tls-failure

  --fault 'RCPT#2: reply 451 4.3.0'     the second RCPT of each connection
  --fault 'content-end once: drop'      a message is taken, and nobody told

"client" before a rule harms what the client said, as the server gets it.
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

function replayHelp(): string {
  return `carteiro replay: have a recorded session go once more, and say what differs

  carteiro replay FILE
  carteiro replay --shrink FILE
  carteiro replay --line TEXT FILE

FILE is what --record of "serve" or "send" has written. Lines with - are as they
were recorded, and lines with + as they are now. --shrink takes away all that is
not needed for it, and prints a transcript that is a test.

${flagLines(replayFlags)}

Exit codes: 0 the session goes as it went, 1 it goes otherwise.
`;
}

function traceHelp(): string {
  return `carteiro trace: show a recorded session

  carteiro trace FILE
  carteiro trace --html FILE > page.html

FILE is what --record of "serve" or "send" has written.

${flagLines(traceFlags)}
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
