// What a newcomer is told at start: the very commands that send a first message, and where it will lie.

import type { Role } from "./terminal.ts";
import { everyCode, isLetterOrDigit } from "./character-codes.ts";

export interface FirstMessageOptions {
  readonly host: string;
  readonly ports: Readonly<Record<Role, number>>;
  /** The mailbox to write to. */
  readonly mailbox: string;
  /** Who can log in, if anybody can. Without a password it is left to curl to ask for it. */
  readonly login: { readonly user: string; readonly password?: string | undefined } | undefined;
  /** The authority that signed our certificate; `undefined` where the system's own authorities do. */
  readonly caFile: string | undefined;
  /** The folder in which the message will be seen. */
  readonly newFolder: string;
}

/** Text for the terminal, several lines, that can be pasted into a POSIX shell as it stands. */
export function firstMessageText(options: FirstMessageOptions): string {
  const { login, newFolder } = options;
  return [
    "Send a first message from another terminal, as another server would:",
    "",
    fromServer(options),
    "",
    ...(login === undefined ? [] : fromUser(options, login)),
    "Then read it:",
    "",
    `  cat ${shellWord(newFolder)}/*`,
    "",
    "To send a file, write --upload-file FILE, and --crlf if its lines end in LF alone. Ctrl-C stops the server.",
    "",
  ].join("\n");
}

function fromServer({ host, ports, mailbox }: FirstMessageOptions): string {
  return curl(["--url", `smtp://${reachableHost(host)}:${ports.relay}`], "sender@example.net", mailbox);
}

function fromUser(
  options: FirstMessageOptions,
  login: { readonly user: string; readonly password?: string | undefined },
): string[] {
  const { ports, mailbox, caFile } = options;
  const { user, password } = login;
  const host = reachableHost(options.host);
  const trust = caFile === undefined ? [] : ["--cacert", caFile];
  const how = [...trust, "--user", password === undefined ? user : `${user}:${password}`];
  return [
    "or as a user, with a password and STARTTLS:",
    "",
    curl(["--url", `smtp://${host}:${ports.submission}`, "--ssl-reqd", ...how], user, mailbox),
    "",
    "or with TLS from the start:",
    "",
    curl(["--url", `smtps://${host}:${ports.submissions}`, ...how], user, mailbox),
    "",
  ];
}

function curl(how: readonly string[], from: string, to: string): string {
  const message = `From: <${from}>\\r\\nTo: <${to}>\\r\\nSubject: Hello\\r\\n\\r\\nThe first message.\\r\\n`;
  const words = ["curl", "-sS", ...how, "--mail-from", from, "--mail-rcpt", to, "--upload-file", "-"];
  // A per cent sign would be one of printf's directives.
  return `  printf ${shellWord(message.replaceAll("%", "%%"))} | ${words.map(shellWord).join(" ")}`;
}

/** A host that one can connect to, as a URL has it. */
function reachableHost(host: string): string {
  if (host === "0.0.0.0") return "127.0.0.1";
  if (host === "::") return "[::1]";
  return host.includes(":") ? `[${host}]` : host;
}

/** A word as a POSIX shell reads it. */
function shellWord(word: string): string {
  const plain = word !== "" && everyCode(word, (code) => isLetterOrDigit(code) || plainCodes.has(code));
  return plain ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

const plainCodes = new Set(Array.from("-._/:@=,+", (character) => character.charCodeAt(0)));
