// Commands of RFC 5321, LHLO (RFC 2033), STARTTLS (RFC 3207), AUTH (RFC 4954), BDAT (RFC 3030) and BURL (RFC 4468): a line to
// a value, and a value to its line.

import {
  ANY_BUT_CONTROL,
  CONTROL,
  hasNonAscii,
  HTAB,
  isIn,
  octetAt,
  scanSpaces,
  scanWhile,
  SP,
  startsWithWord,
} from "./abnf.ts";
import {
  type AddressLimits,
  type ForwardPath,
  formatPath,
  parseForwardPath,
  parseReversePath,
  type ReversePath,
} from "./address.ts";
import { type Chunk, formatChunk, parseChunk } from "./chunk.ts";
import {
  type CommandArgument,
  type InitialResponse,
  parseCommandArgument,
  parseInitialResponse,
  parseSaslMechanism,
  type SaslMechanism,
} from "./command-argument.ts";
import { type ContentReference, formatContentReference, parseContentReference } from "./content-reference.ts";
import { type HelloName, parseHelloName } from "./domain.ts";
import {
  type EsmtpParameters,
  esmtpParameter,
  findParameter,
  formatParameters,
  parseParameters,
} from "./parameters.ts";
import { type Failure, failure } from "./parsed.ts";

export type { Chunk } from "./chunk.ts";
export type { ContentReference } from "./content-reference.ts";
export {
  type CommandArgument,
  commandArgument,
  type InitialResponse,
  initialResponse,
  type SaslMechanism,
  saslMechanism,
} from "./command-argument.ts";

/** A command as it is understood. Every string in it came through a parser or a constructor of this folder. */
export type Command =
  | { readonly verb: "HELO" | "EHLO" | "LHLO"; readonly name: HelloName }
  | { readonly verb: "MAIL"; readonly reversePath: ReversePath; readonly parameters: EsmtpParameters }
  | { readonly verb: "RCPT"; readonly forwardPath: ForwardPath; readonly parameters: EsmtpParameters }
  | { readonly verb: "DATA" | "RSET" | "QUIT" | "STARTTLS" }
  | { readonly verb: "NOOP" | "HELP"; readonly argument?: CommandArgument }
  /** The one parameter of these is SMTPUTF8 (RFC 6531 §3.7.4.2). */
  | { readonly verb: "VRFY" | "EXPN"; readonly argument: CommandArgument; readonly parameters: EsmtpParameters }
  | { readonly verb: "AUTH"; readonly mechanism: SaslMechanism; readonly initialResponse?: InitialResponse }
  /** `chunk.octets` octets of content follow the line, whatever is answered. */
  | { readonly verb: "BDAT"; readonly chunk: Chunk }
  | { readonly verb: "BURL"; readonly reference: ContentReference };

export type Verb = Command["verb"];

export type ParsedCommand =
  | { readonly kind: "command"; readonly command: Command }
  /**
   * No verb known here: 500. `verb` is what stood for it, in upper case, at most 32 characters of visible ASCII, `?`
   * for any other.
   */
  | { readonly kind: "unrecognised"; readonly verb: string }
  /**
   * The verb is known, and what follows is wrong: 501, or 553 5.6.7 where `utf8` says that it lacks SMTPUTF8. Behind a
   * malformed BDAT nobody knows what is content and what is a command: close.
   */
  | { readonly kind: "malformed"; readonly verb: Verb; readonly problem: string; readonly utf8: boolean };

export interface CommandOptions extends Partial<AddressLimits> {
  /** SMTPUTF8 is offered: MAIL, VRFY and EXPN may go beyond ASCII where they carry that parameter. Default: no. */
  readonly smtputf8?: boolean;
  /** The open transaction has SMTPUTF8: RCPT may go beyond ASCII. Default: no. */
  readonly utf8?: boolean;
  /**
   * Takes more spaces than the grammar has after the verb and before a path: `MAIL FROM: <a@b>` is common in the
   * field, and nothing can be misread for it. Default: yes.
   */
  readonly lenientSpace?: boolean;
}

/** In upper case, what stood for it where it is none that is known here. */
export function verbOf(parsed: ParsedCommand): string {
  return parsed.kind === "command" ? parsed.command.verb : parsed.verb;
}

type Understood = Extract<ParsedCommand, { readonly kind: "command" }>;
type ArgumentParser = (octets: Uint8Array, at: number, end: number, options: CommandOptions) => Understood | Failure;

function understood(command: Command): Understood {
  return { kind: "command", command };
}

/**
 * One line, without its CRLF. The verb is taken in either case; white space at the end is ignored (RFC 5321 §4.1.1).
 *
 *     command = verb [ 1*SP argument ] *( SP / HTAB )
 */
export function parseCommand(line: Uint8Array, options: CommandOptions = {}): ParsedCommand {
  return parseCommandIn(line, 0, line.length, options);
}

/** One line where it stands: in `line`, from `start` up to `lineEnd`. */
export function parseCommandIn(
  line: Uint8Array,
  start: number,
  lineEnd: number,
  options: CommandOptions,
): ParsedCommand {
  const end = endOfText(line, start, lineEnd);
  const entry = knownVerb(line, start, end);
  const verbEnd = start + (entry?.verb.length ?? 0);
  const next = octetAt(line, verbEnd, end);
  if (entry === undefined || !(verbEnd === end || next === SP || isIn(next, CONTROL))) {
    return { kind: "unrecognised", verb: visibleVerb(line, start, end) };
  }
  const parsed = parseArgument(entry.parse, line, verbEnd, end, options);
  if (parsed.kind === "command") return parsed;
  return { kind: "malformed", verb: entry.verb, problem: parsed.problem, utf8: parsed.kind === "utf8" };
}

function parseArgument(
  parse: ArgumentParser,
  line: Uint8Array,
  verbEnd: number,
  end: number,
  options: CommandOptions,
): Understood | Failure {
  if (scanWhile(line, verbEnd, end, ANY_BUT_CONTROL) !== end) return failure("The command has a control character");
  const at = scanSpaces(line, verbEnd, end);
  if (at > verbEnd + 1 && options.lenientSpace === false) return failure("More than one space follows the verb");
  return parse(line, at, end, options);
}

function endOfText(line: Uint8Array, start: number, lineEnd: number): number {
  let end = lineEnd;
  while (end > start && (line[end - 1] === SP || line[end - 1] === HTAB)) end -= 1;
  return end;
}

const visibleVerbLimit = 32;

function visibleVerb(line: Uint8Array, start: number, end: number): string {
  let verb = "";
  for (let index = start; index < Math.min(end, start + visibleVerbLimit); index++) {
    const octet = line[index] ?? 0;
    if (octet === SP || octet === HTAB) break;
    verb += octet < 0x80 && !isIn(octet, CONTROL) ? String.fromCharCode(octet) : "?";
  }
  return verb.toUpperCase();
}

const bare = (verb: "DATA" | "RSET" | "QUIT" | "STARTTLS"): ArgumentParser => {
  const alone = Object.freeze(understood(Object.freeze({ verb })));
  return (_octets, at, end) => (at === end ? alone : failure(`${verb} takes no argument`));
};

/**
 *     hello = ( "HELO" / "EHLO" / "LHLO" ) SP ( Domain / address-literal )
 */
const hello =
  (verb: "HELO" | "EHLO" | "LHLO"): ArgumentParser =>
  (octets, at, end) => {
    const name = parseHelloName(octets, at, end);
    return name.ok ? understood({ verb, name: name.value }) : name;
  };

/**
 *     remark = ( "NOOP" / "HELP" ) [ SP String ]
 */
const remark =
  (verb: "NOOP" | "HELP"): ArgumentParser =>
  (octets, at, end) => {
    if (at === end) return understood({ verb });
    const argument = parseCommandArgument(octets, at, end, false);
    return argument.ok ? understood({ verb, argument: argument.value }) : argument;
  };

const smtputf8 = /* @__PURE__ */ esmtpParameter("SMTPUTF8");
const underSmtputf8 = { utf8: true };

/**
 *     inquiry = ( "VRFY" / "EXPN" ) SP String [ SP "SMTPUTF8" ]     ; RFC 6531 §3.7.4.2
 */
const inquiry =
  (verb: "VRFY" | "EXPN"): ArgumentParser =>
  (octets, at, end, options) => {
    if (at === end) return failure(`${verb} takes a name or an address`);
    const argumentEnd = scanBackOverSmtputf8(octets, at, end);
    const hasParameter = argumentEnd < end;
    const argument = parseCommandArgument(octets, at, argumentEnd, hasParameter && options.smtputf8 === true);
    if (!argument.ok) return argument;
    return understood({ verb, argument: argument.value, parameters: hasParameter ? [smtputf8] : [] });
  };

/** Index where the argument before a last word SMTPUTF8 ends, or `end` where there is none. */
function scanBackOverSmtputf8(octets: Uint8Array, at: number, end: number): number {
  let index = end - smtputf8.keyword.length;
  if (!startsWithWord(octets, index, end, smtputf8.keyword) || octets[index - 1] !== SP) return end;
  while (index > at && octets[index - 1] === SP) index -= 1;
  return index > at ? index : end;
}

/**
 *     mail = "MAIL FROM:" Reverse-path [SP Mail-parameters]
 */
function parseMail(octets: Uint8Array, at: number, end: number, options: CommandOptions): Understood | Failure {
  const pathAt = scanPathStart(octets, at, end, "FROM:", options);
  if (pathAt < 0) return failure("MAIL is followed by FROM:<address>");
  const utf8 = options.smtputf8 === true;
  const path = parseReversePath(octets, pathAt, end, options, utf8);
  if (!path.ok) return path;
  const parameters = parseParameters(octets, path.next, end, utf8 ? underSmtputf8 : options);
  if (!parameters.ok) return parameters;
  if (utf8 && hasNonAscii(octets, pathAt, end) && findParameter(parameters.value, smtputf8.keyword) === undefined) {
    return failure("The address or a parameter needs SMTPUTF8", "utf8");
  }
  return understood({ verb: "MAIL", reversePath: path.value, parameters: parameters.value });
}

/**
 *     rcpt = "RCPT TO:" Forward-path [SP Rcpt-parameters]
 */
function parseRcpt(octets: Uint8Array, at: number, end: number, options: CommandOptions): Understood | Failure {
  const pathAt = scanPathStart(octets, at, end, "TO:", options);
  if (pathAt < 0) return failure("RCPT is followed by TO:<address>");
  const path = parseForwardPath(octets, pathAt, end, options);
  if (!path.ok) return path;
  const parameters = parseParameters(octets, path.next, end, options);
  if (!parameters.ok) return parameters;
  return understood({ verb: "RCPT", forwardPath: path.value, parameters: parameters.value });
}

function scanPathStart(octets: Uint8Array, at: number, end: number, word: string, options: CommandOptions): number {
  if (!startsWithWord(octets, at, end, word)) return -1;
  const next = at + word.length;
  return options.lenientSpace === false ? next : scanSpaces(octets, next, end);
}

/**
 *     auth = "AUTH" SP sasl-mech [SP initial-response]     ; RFC 4954 §8
 */
function parseAuth(octets: Uint8Array, at: number, end: number): Understood | Failure {
  const space = octets.indexOf(SP, at);
  const mechanismEnd = space < 0 || space > end ? end : space;
  const mechanism = parseSaslMechanism(octets, at, mechanismEnd);
  if (!mechanism.ok) return mechanism;
  if (mechanismEnd === end) return understood({ verb: "AUTH", mechanism: mechanism.value });
  const response = parseInitialResponse(octets, mechanismEnd + 1, end);
  if (!response.ok) return response;
  return understood({ verb: "AUTH", mechanism: mechanism.value, initialResponse: response.value });
}

function parseBdat(octets: Uint8Array, at: number, end: number): Understood | Failure {
  const chunk = parseChunk(octets, at, end);
  return chunk.ok ? understood({ verb: "BDAT", chunk: chunk.value }) : chunk;
}

function parseBurl(octets: Uint8Array, at: number, end: number): Understood | Failure {
  const reference = parseContentReference(octets, at, end);
  return reference.ok ? understood({ verb: "BURL", reference: reference.value }) : reference;
}

/** A function, so that a bundle with nobody who parses commands has none of it. */
function parsersByVerb(): Readonly<Record<Verb, ArgumentParser>> {
  return {
    HELO: hello("HELO"),
    EHLO: hello("EHLO"),
    LHLO: hello("LHLO"),
    MAIL: parseMail,
    RCPT: parseRcpt,
    DATA: bare("DATA"),
    RSET: bare("RSET"),
    NOOP: remark("NOOP"),
    QUIT: bare("QUIT"),
    VRFY: inquiry("VRFY"),
    EXPN: inquiry("EXPN"),
    HELP: remark("HELP"),
    STARTTLS: bare("STARTTLS"),
    AUTH: parseAuth,
    BDAT: parseBdat,
    BURL: parseBurl,
  };
}

interface KnownVerb {
  readonly verb: Verb;
  readonly parse: ArgumentParser;
}

/** By the lower five bits of the first letter, in either case: no more than two verbs have the same. */
let knownVerbs: readonly (readonly KnownVerb[])[] | undefined;

function verbsByLetter(): readonly (readonly KnownVerb[])[] {
  const known = Object.entries(parsersByVerb()).map(([verb, parse]) => ({ verb: verb as Verb, parse }));
  return Array.from({ length: 32 }, (_, letter) => known.filter(({ verb }) => (verb.charCodeAt(0) & 31) === letter));
}

/** The verb that the text begins with, whatever follows it, and how to go on. */
function knownVerb(line: Uint8Array, start: number, end: number): KnownVerb | undefined {
  knownVerbs ??= verbsByLetter();
  const candidates = knownVerbs[octetAt(line, start, end) & 31] ?? [];
  for (let index = 0; index < candidates.length; index++) {
    const known = candidates[index];
    if (known !== undefined && startsWithWord(line, start, end, known.verb)) return known;
  }
  return undefined;
}

/** The command's line, without CRLF: ASCII unless one of its values needs SMTPUTF8; `encodeUtf8` makes octets of it. */
export function formatCommand(command: Command): string {
  switch (command.verb) {
    case "HELO":
    case "EHLO":
    case "LHLO":
      return `${command.verb} ${command.name}`;
    case "MAIL":
      return `MAIL FROM:${formatPath(command.reversePath)}${formatParameters(command.parameters)}`;
    case "RCPT":
      return `RCPT TO:${formatPath(command.forwardPath)}${formatParameters(command.parameters)}`;
    case "NOOP":
    case "HELP":
      return command.argument === undefined ? command.verb : `${command.verb} ${command.argument}`;
    case "VRFY":
    case "EXPN":
      return `${command.verb} ${command.argument}${formatParameters(command.parameters)}`;
    case "AUTH":
      return `AUTH ${command.mechanism}${command.initialResponse === undefined ? "" : ` ${command.initialResponse}`}`;
    case "BDAT":
      return `BDAT ${formatChunk(command.chunk)}`;
    case "BURL":
      return `BURL ${formatContentReference(command.reference)}`;
    default:
      return command.verb;
  }
}
