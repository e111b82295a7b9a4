// What a tolerant peer lets pass: commands are known by verb and address, and some may come that no script has.

import { formatCommand, parseCommand, type Command, type Verb } from "@carteiro/core";
import { octetsOf } from "../recording/json.ts";
import { utf8Octets } from "./line-text.ts";
import { matchPattern, type Kept, type Pattern } from "./pattern.ts";

export interface ToleratedReply {
  readonly reply: string;
  /** Whether the server closes the connection then. */
  readonly closes: boolean;
}

/** Their arguments say nothing that a script would have to know. */
const knownByVerb: ReadonlySet<string> = new Set<Verb>([
  "EHLO",
  "HELO",
  "LHLO",
  "DATA",
  "RSET",
  "QUIT",
  "NOOP",
  "HELP",
  "VRFY",
  "EXPN",
  "STARTTLS",
  "BDAT",
]);

const replies: Readonly<Partial<Record<Verb, string>>> = {
  NOOP: "250 2.0.0 OK",
  RSET: "250 2.0.0 OK",
  RCPT: "250 2.1.5 Recipient OK",
  VRFY: "252 2.5.0 Send some mail, and see",
  HELP: "214 2.0.0 See RFC 5321",
  QUIT: "221 2.0.0 Goodbye",
  STARTTLS: "502 5.5.1 Not in the script",
  AUTH: "502 5.5.1 Not in the script",
  EXPN: "502 5.5.1 Not in the script",
};

/** As `matchPattern`, with case, parameters and what does not matter left aside. */
export function tolerantMatch(pattern: Pattern, line: string): Kept | undefined {
  const match = matchPattern(pattern, line, true);
  const command = commandIn(line);
  if (match !== undefined || command === undefined) return match;
  const bare = bareCommand(command);
  const found = matchPattern(pattern, bare, true) ?? matchPattern(withoutParameters(pattern), bare, true);
  return found ?? (knownByVerb.has(command.verb) && verbOf(pattern) === command.verb ? {} : undefined);
}

/** The answer to a command that the script does not have; `undefined` where there is no sensible one. */
export function toleratedReply(line: string, helloReply: string | undefined): ToleratedReply | undefined {
  const parsed = parseCommand(octetsOf(line), { smtputf8: true, utf8: true });
  if (parsed.kind === "unrecognised") return { reply: "500 5.5.1 Unknown command", closes: false };
  if (parsed.kind === "malformed") return undefined;
  const { verb } = parsed.command;
  const isHello = verb === "EHLO" || verb === "HELO" || verb === "LHLO";
  const reply = isHello ? helloReply : replies[verb];
  return reply === undefined ? undefined : { reply, closes: verb === "QUIT" };
}

/** Once the script is over nothing else is taken. */
export function replyAfterwards(line: string, helloReply: string | undefined): ToleratedReply {
  const { reply, closes } = toleratedReply(line, helloReply) ?? { reply: "", closes: false };
  return reply === "" || reply.startsWith("250 2.1.5")
    ? { reply: "421 4.3.2 The script is over", closes: true }
    : { reply, closes };
}

/** A reply is known by its code. */
export function isCodeOf(pattern: Pattern, lastLine: string): boolean {
  const [first] = pattern.tokens;
  const code = first?.kind === "octets" ? first.octets.slice(0, 3) : "";
  return code.length === 3 ? lastLine.startsWith(code) : matchPattern(pattern, lastLine, true) !== undefined;
}

function commandIn(line: string): Command | undefined {
  const parsed = parseCommand(octetsOf(line), { smtputf8: true, utf8: true });
  return parsed.kind === "command" ? parsed.command : undefined;
}

function bareCommand(command: Command): string {
  return utf8Octets(formatCommand("parameters" in command ? { ...command, parameters: [] } : command));
}

/** Up to the end of the path. */
function withoutParameters(pattern: Pattern): Pattern {
  const last = pattern.tokens.findIndex((token) => token.kind === "octets" && token.octets.includes(">"));
  const tokens = pattern.tokens.slice(0, last + 1).map((token, index) => {
    if (index < last || token.kind !== "octets") return token;
    return { ...token, octets: token.octets.slice(0, token.octets.indexOf(">") + 1) };
  });
  return { ...pattern, tokens: last < 0 ? pattern.tokens : tokens };
}

function verbOf({ tokens: [first] }: Pattern): string {
  if (first?.kind !== "octets") return "";
  const space = first.octets.indexOf(" ");
  return (space < 0 ? first.octets : first.octets.slice(0, space)).toUpperCase();
}
