// What a newcomer is told at start: the very commands that send a first message, and where it will lie.

import type { Role } from "./terminal.ts";
import { everyCode, isLetterOrDigit } from "./character-codes.ts";

export interface Login {
  readonly user: string;
  readonly password?: string | undefined;
}

export interface FirstMessageOptions {
  readonly host: string;
  readonly ports: Readonly<Record<Role, number>>;
  /** The mailbox to write to. */
  readonly mailbox: string;
  /** Who can log in, if anybody can. Without a password it is left to curl to ask for it. */
  readonly login: Login | undefined;
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
    "To send a file, write -T FILE, and --crlf if its lines end in LF alone. Ctrl-C stops the server.",
    "",
  ].join("\n");
}

function fromServer({ host, ports, mailbox }: FirstMessageOptions): string {
  return curl(`smtp://${reachableHost(host)}:${ports.relay}`, "sender@example.net", mailbox);
}

function fromUser(options: FirstMessageOptions, { user, password }: Login): string[] {
  const { ports, mailbox, caFile } = options;
  const host = reachableHost(options.host);
  const trust = caFile === undefined ? [] : ["--cacert", caFile];
  const how = [...trust, "--user", password === undefined ? user : `${user}:${password}`];
  return [
    "or as a user, with a password and STARTTLS:",
    "",
    curl(`smtp://${host}:${ports.submission}`, user, mailbox, "--ssl-reqd", ...how),
    "",
    "or with TLS from the start:",
    "",
    curl(`smtps://${host}:${ports.submissions}`, user, mailbox, ...how),
    "",
  ];
}

/** On one line, however long: a script may look for it. */
function curl(url: string, from: string, to: string, ...how: readonly string[]): string {
  const message = `From: <${from}>\\r\\nSubject: Hello\\r\\n\\r\\nThe first message.\\r\\n`;
  const words = ["curl", "-sS", url, ...how, "--mail-from", from, "--mail-rcpt", to, "-T", "-"];
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
