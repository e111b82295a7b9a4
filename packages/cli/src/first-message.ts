// What a newcomer is told at start: the very commands that send a first message, and where it will lie.

import { everyCode, isLetterOrDigit } from "./character-codes.ts";

export interface FirstMessageOptions {
  readonly host: string;
  readonly relayPort: number;
  readonly submissionPort: number;
  readonly submissionsPort: number;
  /** The mailbox to write to and to log in as. */
  readonly user: string;
  /** Shown in the command; `undefined` leaves it to curl to ask. */
  readonly password: string | undefined;
  /** The authority that signed our certificate; `undefined` where the system's own authorities do. */
  readonly caFile: string | undefined;
  /** The folder in which the message will be seen. */
  readonly newFolder: string;
}

/** Text for the terminal, several lines, that can be pasted into a POSIX shell as it stands. */
export function firstMessageText(options: FirstMessageOptions): string {
  const { relayPort, submissionPort, submissionsPort, user, password, caFile, newFolder } = options;
  const host = reachableHost(options.host);
  const login = ["--user", password === undefined ? user : `${user}:${password}`];
  const trust = caFile === undefined ? [] : ["--cacert", caFile];
  const relay = curl(["--url", `smtp://${host}:${relayPort}`], "sender@example.net", user);
  const submission = curl(["--url", `smtp://${host}:${submissionPort}`, "--ssl-reqd", ...trust, ...login], user, user);
  const implicit = curl(["--url", `smtps://${host}:${submissionsPort}`, ...trust, ...login], user, user);
  return [
    "Send a first message, as another server would:",
    relay,
    "or as a user, with a password and STARTTLS:",
    submission,
    "or with TLS from the start:",
    implicit,
    "Then read it:",
    `  cat ${shellWord(newFolder)}/*`,
    "",
  ].join("\n");
}

function curl(how: readonly string[], from: string, to: string): string {
  const message = `From: <${from}>\\r\\nTo: <${to}>\\r\\nSubject: Hello\\r\\n\\r\\nThe first message.\\r\\n`;
  const words = ["curl", ...how, "--mail-from", from, "--mail-rcpt", to, "--upload-file", "-"];
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
