// The command line: from its words to what the commands work with, every value checked.

import type { MechanismName } from "@carteiro/core";

import { everyCode, isAsciiControl } from "./character-codes.ts";
import { asciiDomain } from "./domains.ts";
import { sendFlags, serveDefaults, serveFlags, type SendFlag, type ServeFlag } from "./flags.ts";
import { helpText } from "./help.ts";
import { Mailboxes, type UserOptions } from "./mailboxes.ts";
import { replayOptions, traceOptions, type ReplayOptions, type TraceOptions } from "./recording-options.ts";
import { Settings, textOf, UsageError, type Bounds, type Given } from "./settings.ts";

export { UsageError } from "./settings.ts";

export interface ServeOptions {
  readonly dataFolder: string;
  /** Address or name to listen on. */
  readonly host: string;
  /** 0 picks a free one. */
  readonly relayPort: number;
  readonly submissionPort: number;
  readonly submissionsPort: number;
  /** This server's own name, for its greeting and for Received. */
  readonly hostname: string;
  /** At least one, in lower-case A-labels. */
  readonly domains: readonly string[];
  /** None: the user of `defaultCredentials`. All are known to make valid `Mailboxes`. */
  readonly users: readonly UserOptions[];
  /** Whether the users stand on the command line, where everybody on this machine can see their passwords. */
  readonly usersInPublic: boolean;
  /** None: the self-signed certificate. */
  readonly tls: { readonly certFile: string; readonly keyFile: string } | undefined;
  /** Octets. */
  readonly maxSize: number;
  readonly maxRecipients: number;
  readonly idleTimeoutSeconds: number;
  /** What becomes of content with bare CR or LF. */
  readonly bareNewlines: BareNewlines;
  readonly trace: boolean;
  /** Folder for recordings of sessions; none: they are not recorded. */
  readonly record: string | undefined;
  /** Rules in their text form, by which connections are harmed on purpose. */
  readonly faults: readonly string[];
  readonly json: boolean;
}

export const bareNewlinePolicies = ["reject", "normalise"] as const;
export type BareNewlines = (typeof bareNewlinePolicies)[number];

export const tlsPolicies = ["never", "opportunistic", "required", "implicit"] as const;
export type TlsPolicy = (typeof tlsPolicies)[number];

export interface SendOptions {
  readonly host: string;
  readonly port: number;
  readonly tls: TlsPolicy;
  readonly caFile: string | undefined;
  readonly serverName: string | undefined;
  readonly auth:
    | { readonly user: string; readonly password: string }
    | { readonly user: string; readonly token: string }
    | undefined;
  /** Those that may be used; none: all that are safe. */
  readonly mechanisms: readonly MechanismName[];
  readonly hello: string | undefined;
  /** For the whole sending; none: only the protocol's own time limits. */
  readonly timeoutSeconds: number | undefined;
  /** Without angle brackets; empty for the null reverse-path. */
  readonly from: string;
  /** At least one. */
  readonly to: readonly string[];
  readonly message: SendMessage;
  readonly trace: boolean;
  /** File for a recording of the session. */
  readonly record: string | undefined;
  readonly json: boolean;
  readonly quiet: boolean;
}

/** A file's path (`-` is standard input), or what to compose a message from. */
export type SendMessage =
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "composed"; readonly subject: string; readonly text: string };

export type CommandLine =
  | { readonly command: "serve"; readonly options: ServeOptions }
  | { readonly command: "send"; readonly options: SendOptions }
  | { readonly command: "hash-password"; readonly scram?: true }
  | { readonly command: "replay"; readonly options: ReplayOptions }
  | { readonly command: "trace"; readonly options: TraceOptions }
  | { readonly command: "help"; readonly text: string }
  | { readonly command: "version" };

export type Environment = Readonly<Record<string, string | undefined>>;

/** Reads the words after `carteiro`. A `UsageError` is to be printed, and has the exit code. */
export function parseCommandLine(
  argv: readonly string[],
  environment: Environment = process.env,
): CommandLine | UsageError {
  const [command, ...rest] = argv;
  if (command === "--version") return { command: "version" };
  const flags = rest.includes("--") ? rest.slice(0, rest.indexOf("--")) : rest;
  if (command === "--help" || command === "-h" || command === "help")
    return { command: "help", text: helpText(rest[0]) };
  if (flags.includes("--version")) return { command: "version" };
  if (flags.includes("--help") || flags.includes("-h")) return { command: "help", text: helpText(command) };
  switch (command) {
    case "serve":
      return withCommand("serve", parseServe(rest));
    case "send":
      return withCommand("send", parseSend(rest, environment));
    case "hash-password":
      return parseHashPassword(rest);
    case "replay":
      return withCommand(
        "replay",
        complaining("replay", () => replayOptions(rest)),
      );
    case "trace":
      return withCommand(
        "trace",
        complaining("trace", () => traceOptions(rest)),
      );
    default: {
      const complaint = command === undefined ? "A command is missing" : `There is no command ${command}`;
      return new UsageError(`${complaint}: "carteiro --help" lists them.`);
    }
  }
}

function parseHashPassword(words: readonly string[]): CommandLine | UsageError {
  const stray = words.find((word) => word !== "--scram");
  if (stray !== undefined) return new UsageError(`hash-password takes --scram alone, not "${stray}".`);
  return { command: "hash-password", ...(words.length > 0 && { scram: true }) };
}

/** The flags of `carteiro serve`, and the configuration file that they name. */
export function parseServe(argv: readonly string[]): ServeOptions | UsageError {
  return complaining("serve", () => serveOptions(new Settings<ServeFlag>(serveFlags, argv)));
}

/** The flags of `carteiro send`. Secrets may stand in the environment: `CARTEIRO_PASSWORD`, `CARTEIRO_TOKEN`. */
export function parseSend(argv: readonly string[], environment: Environment = process.env): SendOptions | UsageError {
  return complaining("send", () => sendOptions(new Settings<SendFlag>(sendFlags, argv), environment));
}

const anyPort: Bounds = { least: 0, most: 65_535 };
const anyCount: Bounds = { least: 1, most: Number.MAX_SAFE_INTEGER };
/** What a timer of the runtime can hold. */
const anySeconds: Bounds = { least: 1, most: 2_147_483 };

function serveOptions(settings: Settings<ServeFlag>): ServeOptions {
  const config = settings.text("config");
  if (config !== undefined) settings.readFile(config);
  const [unexpected] = settings.positionals;
  if (unexpected !== undefined) throw new UsageError(`"${unexpected}" belongs to no option.`);
  const users = settings.all("user").map(userOf);
  const domains = localDomains(settings, users);
  return {
    dataFolder: settings.path("data") ?? serveDefaults.data,
    host: settings.text("host") ?? serveDefaults.host,
    relayPort: settings.integer("relay-port", anyPort) ?? serveDefaults.relayPort,
    submissionPort: settings.integer("submission-port", anyPort) ?? serveDefaults.submissionPort,
    submissionsPort: settings.integer("submissions-port", anyPort) ?? serveDefaults.submissionsPort,
    hostname: ownName(settings) ?? domains[0] ?? serveDefaults.domain,
    domains,
    users: checkedUsers(domains, users),
    usersInPublic: settings.all("user").every(({ folder }) => folder === undefined),
    tls: certificateFiles(settings),
    maxSize: settings.size("max-size", anyCount) ?? serveDefaults.maxSize,
    maxRecipients: settings.integer("max-recipients", anyCount) ?? serveDefaults.maxRecipients,
    idleTimeoutSeconds: settings.integer("idle-timeout", anySeconds) ?? serveDefaults.idleTimeoutSeconds,
    bareNewlines: settings.oneOf("bare-newlines", bareNewlinePolicies) ?? "reject",
    trace: settings.on("trace"),
    record: settings.path("record"),
    faults: settings.texts("fault"),
    json: settings.on("json"),
  };
}

/** Those that are named; else those of the users; else the default. */
function localDomains(settings: Settings<ServeFlag>, users: readonly UserOptions[]): string[] {
  const named = settings.all("domain");
  const ofUsers = users.map(({ address }) => ({ value: domainOf(address), origin: `the domain of ${address}` }));
  const given = named.length > 0 ? named : ofUsers;
  return given.length === 0 ? [serveDefaults.domain] : [...new Set(given.map(domainName))];
}

function ownName(settings: Settings<ServeFlag>): string | undefined {
  const given = settings.all("hostname").at(-1);
  return given && domainName(given);
}

function domainName(given: Given): string {
  const ascii = asciiDomain(textOf(given));
  if (ascii === undefined)
    throw new UsageError(`${given.origin} must be a domain name, as in example.org, not "${textOf(given)}".`);
  return ascii;
}

/** A user as `ADDRESS:PASSWORD`, as `ADDRESS`, or in the file as `{ "address": …, "password": … }`. */
function userOf(given: Given): UserOptions {
  const { value, origin } = given;
  if (typeof value === "object" && value !== null) return userOfObject(value, origin);
  const text = textOf(given);
  // A domain has no colon; a password may have a colon and an "@".
  const colon = text.indexOf(":", text.indexOf("@"));
  if (!text.includes("@")) throw new UsageError(`${origin} must be ADDRESS:PASSWORD, as in ana@example.org:secret.`);
  return colon < 0 ? { address: text } : { address: text.slice(0, colon), password: text.slice(colon + 1) };
}

function userOfObject(value: object, origin: string): UserOptions {
  const { address, password, ...rest } = value as Record<string, unknown>;
  const stray = Object.keys(rest)[0];
  if (stray !== undefined) throw new UsageError(`${origin}: a user has "address" and "password", not "${stray}".`);
  const known = textOf({ value: address, origin: `"address" of ${origin}` });
  return password === undefined
    ? { address: known }
    : { address: known, password: textOf({ value: password, origin: `"password" of ${origin}` }) };
}

/** The users, once it is sure that they make valid mailboxes. */
function checkedUsers(domains: readonly string[], users: readonly UserOptions[]): readonly UserOptions[] {
  try {
    void new Mailboxes({ domains, users });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new UsageError(`Users: ${error.message}. The local domains are ${domains.join(", ")}; --domain adds one.`);
  }
  return users;
}

function certificateFiles(settings: Settings<ServeFlag>): ServeOptions["tls"] {
  const certFile = settings.path("tls-cert");
  const keyFile = settings.path("tls-key");
  if (certFile !== undefined && keyFile !== undefined) return { certFile, keyFile };
  if (certFile === undefined && keyFile === undefined) return undefined;
  throw new UsageError(
    "--tls-cert and --tls-key belong together: give both, or neither for a certificate of our own making.",
  );
}

function sendOptions(settings: Settings<SendFlag>, environment: Environment): SendOptions {
  const auth = credentials(settings, environment);
  const port = required(settings.integer("port", { ...anyPort, least: 1 }), "--port P, as in --port 587");
  const from = senderAddress(settings);
  return {
    host: required(settings.text("host"), "--host H, as in --host mail.example.org"),
    port,
    tls: settings.oneOf("tls", tlsPolicies) ?? usualTlsPolicy(port, auth !== undefined),
    caFile: settings.path("ca"),
    serverName: settings.text("server-name"),
    auth,
    mechanisms: settings.all("mechanism").map((given) => textOf(given).toUpperCase() as MechanismName),
    hello: settings.text("hello"),
    timeoutSeconds: settings.integer("timeout", anySeconds),
    from,
    to: recipientAddresses(settings),
    message: messageToSend(settings, from),
    trace: settings.on("trace"),
    record: settings.path("record"),
    json: settings.on("json"),
    quiet: settings.on("quiet"),
  };
}

function usualTlsPolicy(port: number, authenticates: boolean): TlsPolicy {
  // RFC 8314 §3.3; a server that speaks TLS first would never answer us otherwise.
  if (port === 465 || port === serveDefaults.submissionsPort) return "implicit";
  return authenticates ? "required" : "opportunistic";
}

function credentials(settings: Settings<SendFlag>, environment: Environment): SendOptions["auth"] {
  const text = settings.text("auth");
  if (settings.on("token")) return token(text, environment);
  if (text === undefined) return undefined;
  const colon = text.indexOf(":");
  const user = colon < 0 ? text : text.slice(0, colon);
  const password = colon < 0 ? environment["CARTEIRO_PASSWORD"] : text.slice(colon + 1);
  if (user === "" || password === undefined || password === "") {
    throw new UsageError("--auth must be USER:PASSWORD, or USER with the password in CARTEIRO_PASSWORD.");
  }
  return { user, password };
}

function token(user: string | undefined, environment: Environment): SendOptions["auth"] {
  const value = environment["CARTEIRO_TOKEN"];
  if (user === undefined || user === "") throw new UsageError("--token needs --auth USER: whose token it is.");
  if (value === undefined || value === "") throw new UsageError("--token: the token must stand in CARTEIRO_TOKEN.");
  return { user, token: value };
}

function senderAddress(settings: Settings<SendFlag>): string {
  const [given] = settings.all("from").slice(-1);
  if (given?.value === "<>" || given?.value === "") return "";
  const text = required(settings.text("from"), "--from A, as in --from ana@example.org; <> is nobody");
  return envelopeAddress({ value: text, origin: "--from" });
}

function recipientAddresses(settings: Settings<SendFlag>): string[] {
  const addresses = settings
    .all("to")
    .map((given) => (isPostmaster(given.value) ? "Postmaster" : envelopeAddress(given)));
  if (addresses.length === 0) throw new UsageError("A recipient is missing: --to B, once for each.");
  return addresses;
}

/** `RCPT TO:<Postmaster>` is the one recipient that needs no domain. */
function isPostmaster(value: unknown): boolean {
  return typeof value === "string" && ["postmaster", "<postmaster>"].includes(value.toLowerCase());
}

/** An address without its angle brackets. Its grammar is the client's business; here a slip of the pen is caught. */
function envelopeAddress(given: Given): string {
  const text = textOf(given);
  const bare = text.startsWith("<") && text.endsWith(">") ? text.slice(1, -1) : text;
  const at = bare.lastIndexOf("@");
  if (at < 1 || at === bare.length - 1 || !everyCode(bare, (code) => !isAsciiControl(code))) {
    throw new UsageError(`${given.origin} must be an address, as in ana@example.org, not ${JSON.stringify(text)}.`);
  }
  return bare;
}

function messageToSend(settings: Settings<SendFlag>, from: string): SendMessage {
  const [path, unexpected] = settings.positionals;
  if (unexpected !== undefined) throw new UsageError(`"${unexpected}" is a second message; send one at a time.`);
  const subject = settings.text("subject");
  const text = settings.text("text") ?? settings.text("body");
  if (path !== undefined) {
    if (subject !== undefined || text !== undefined)
      throw new UsageError("Give a message file, or --subject and --text, not both.");
    return { kind: "file", path };
  }
  if (subject === undefined && text === undefined) {
    throw new UsageError(
      "A message is missing: give a FILE.eml, - for standard input, or --subject and --text to compose one.",
    );
  }
  if (from === "") throw new UsageError("A composed message needs a sender: give --from an address, or a FILE.eml.");
  return { kind: "composed", subject: subject ?? "", text: text ?? "" };
}

function domainOf(mailAddress: string): string {
  return mailAddress.slice(mailAddress.lastIndexOf("@") + 1);
}

function required<Value>(value: Value | undefined, usage: string): Value {
  if (value === undefined) throw new UsageError(`This is missing: ${usage}.`);
  return value;
}

/** Hands back a complaint as a value, and with it the way to the list of options. */
function complaining<Options>(command: string, parse: () => Options): Options | UsageError {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return new UsageError(`${error.message} "carteiro ${command} --help" lists the options.`, error.exitCode);
  }
}

function withCommand<Name extends string, Options>(command: Name, options: Options | UsageError) {
  return options instanceof UsageError ? options : { command, options };
}
