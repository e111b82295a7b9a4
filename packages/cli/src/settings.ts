// Reads the settings of one command from its flags and from a JSON configuration file. A flag wins over the file.
// Every complaint names where the value stands and what to write instead.

import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { parseArgs } from "node:util";

import { everyCode, isDigit } from "./character-codes.ts";
import { sysexits, type ExitCode } from "./sysexits.ts";
import { errorMessage } from "./system-error.ts";

/** The command line or the configuration asks for what cannot be. The message is for the user, who is to mend it. */
export class UsageError extends Error {
  override readonly name = "UsageError";
  /** `EX_CONFIG` where a file itself is at fault. */
  readonly exitCode: ExitCode;

  constructor(message: string, exitCode: ExitCode = sysexits.EX_USAGE) {
    super(message);
    this.exitCode = exitCode;
  }
}

export interface Flag<Name extends string = string> {
  /** Without its two dashes: `relay-port`. In the file it is `relayPort`. */
  readonly name: Name;
  /** What follows it, for the help: `PORT`. Without one the flag is a switch. */
  readonly value?: string;
  /** May be given more than once. */
  readonly repeatable?: boolean;
  /** Its key in the configuration file where it is not the name in camel case; `false` if it has none. */
  readonly key?: string | false;
  readonly help: string;
}

/** A value, and where it stands, for example `--relay-port` or `relayPort in carteiro.json`. */
export interface Given {
  readonly value: unknown;
  readonly origin: string;
  /** The folder that a relative path starts from; none: the current one. */
  readonly folder?: string | undefined;
}

/** A whole number with its smallest and greatest value, both allowed. */
export interface Bounds {
  readonly least: number;
  readonly most: number;
}

const sizeSuffixes = new Map([
  ["K", 1024],
  ["M", 1024 ** 2],
  ["G", 1024 ** 3],
]);

export class Settings<Name extends string> {
  /** Arguments that belong to no flag, in order. */
  readonly positionals: readonly string[];
  readonly #flags: readonly Flag<Name>[];
  readonly #given: ReadonlyMap<string, readonly Given[]>;
  #file: ReadonlyMap<string, Given> = new Map();

  /** Throws `UsageError` for an unknown flag, one that lacks its value, or a switch that has one. */
  constructor(flags: readonly Flag<Name>[], argv: readonly string[]) {
    this.#flags = flags;
    const { given, positionals } = readArguments(flags, argv);
    this.#given = given;
    this.positionals = positionals;
  }

  /** Adds what a JSON file says. Throws `UsageError` if it cannot be read, is no JSON object, or has an unknown key. */
  readFile(path: string): void {
    const keys = this.#flags.map(fileKey).filter((key) => key !== undefined);
    const entries = Object.entries(readJsonObject(path));
    for (const [key] of entries) {
      if (!keys.includes(key))
        throw unusable(`${path}: there is no setting "${key}"; the settings are ${keys.join(", ")}.`);
    }
    const folder = dirname(path);
    this.#file = new Map(entries.map(([key, value]) => [key, { value, origin: `${key} in ${path}`, folder }]));
  }

  /** The raw values of a setting: those of the flags, else those of the file. */
  all(name: Name): readonly Given[] {
    const given = this.#given.get(name);
    if (given !== undefined) return given;
    const flag = this.#flags.find((candidate) => candidate.name === name);
    const entry = flag === undefined ? undefined : this.#file.get(fileKey(flag) ?? "");
    if (entry === undefined) return [];
    if (flag?.repeatable !== true) return [entry];
    if (!Array.isArray(entry.value)) throw new UsageError(`${entry.origin} must be a list, as in ["…"].`);
    return entry.value.map((value: unknown) => ({ ...entry, value }));
  }

  /** Whether a switch is on. */
  on(name: Name): boolean {
    const given = this.#last(name);
    if (given === undefined) return false;
    if (typeof given.value !== "boolean") throw new UsageError(`${given.origin} must be true or false.`);
    return given.value;
  }

  texts(name: Name): string[] {
    return this.all(name).map(textOf);
  }

  text(name: Name): string | undefined {
    const given = this.#last(name);
    return given && textOf(given);
  }

  /** A path; one that stands in the configuration file starts from that file's folder. */
  path(name: Name): string | undefined {
    const given = this.#last(name);
    return given && (given.folder === undefined ? textOf(given) : resolve(given.folder, textOf(given)));
  }

  integer(name: Name, bounds: Bounds): number | undefined {
    const given = this.#last(name);
    return given && integerOf(given, given.value, bounds);
  }

  /** A number of octets, as `1000`, `64K`, `25M` or `1G`; the suffixes are powers of 1024. */
  size(name: Name, bounds: Bounds): number | undefined {
    const given = this.#last(name);
    if (given === undefined || typeof given.value !== "string") return given && integerOf(given, given.value, bounds);
    const factor = sizeSuffixes.get(given.value.slice(-1).toUpperCase());
    if (factor === undefined) return integerOf(given, given.value, bounds);
    const count = given.value.slice(0, -1);
    return integerOf(given, isDigits(count) ? Number(count) * factor : Number.NaN, bounds);
  }

  oneOf<Choice extends string>(name: Name, choices: readonly Choice[]): Choice | undefined {
    const given = this.#last(name);
    if (given === undefined) return undefined;
    const choice = choices.find((candidate) => candidate === given.value);
    if (choice === undefined) throw new UsageError(`${given.origin} must be one of ${choices.join(", ")}.`);
    return choice;
  }

  #last(name: Name): Given | undefined {
    return this.all(name).at(-1);
  }
}

/** The text of a value. Throws `UsageError` for another kind of value, and for nothing but blanks. */
export function textOf({ value, origin }: Given): string {
  if (typeof value !== "string" || value.trim() === "")
    throw new UsageError(`${origin} must be a text, and not an empty one.`);
  return value;
}

/** A flag's key in the configuration file, if it has one. */
export function fileKey(flag: Flag): string | undefined {
  if (flag.key !== undefined) return flag.key === false ? undefined : flag.key;
  const [first = "", ...rest] = flag.name.split("-");
  return first + rest.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join("");
}

function integerOf({ origin, value: written }: Given, value: unknown, { least, most }: Bounds): number {
  const number = typeof value === "string" && isDigits(value) ? Number(value) : value;
  if (typeof number === "number" && Number.isInteger(number) && number >= least && number <= most) return number;
  throw new UsageError(`${origin} must be a whole number from ${least} to ${most}, not ${JSON.stringify(written)}.`);
}

function isDigits(text: string): boolean {
  return text !== "" && everyCode(text, isDigit);
}

function readArguments(flags: readonly Flag[], argv: readonly string[]) {
  const given = new Map<string, Given[]>();
  const positionals: string[] = [];
  for (const token of tokens(flags, argv)) {
    if (token.kind === "positional") positionals.push(token.value);
    if (token.kind !== "option") continue;
    const flag = flags.find(({ name }) => name === token.name);
    if (flag === undefined || !token.rawName.startsWith("--"))
      throw new UsageError(`There is no option ${token.rawName}.`);
    const value = flag.value === undefined ? switchValue(token) : flagValue(flag, token);
    given.set(flag.name, [...(given.get(flag.name) ?? []), { value, origin: `--${flag.name}` }]);
  }
  return { given, positionals };
}

function tokens(flags: readonly Flag[], argv: readonly string[]) {
  const options = Object.fromEntries(
    flags.map(({ name, value }) => [name, { type: value === undefined ? ("boolean" as const) : ("string" as const) }]),
  );
  // Not strict, since its complaints do not say what to write instead.
  return parseArgs({ args: [...argv], options, strict: false, allowPositionals: true, tokens: true }).tokens;
}

interface OptionToken {
  readonly rawName: string;
  readonly value: string | undefined;
  readonly inlineValue: boolean | undefined;
}

function switchValue({ rawName, value }: OptionToken): true {
  if (value !== undefined) throw new UsageError(`${rawName} takes no value.`);
  return true;
}

function flagValue(flag: Flag, { rawName, value, inlineValue }: OptionToken): string {
  const wanted = `${rawName} ${flag.value}`;
  if (value === undefined) throw new UsageError(`${rawName} needs a value: ${wanted}.`);
  if (inlineValue !== true && value.startsWith("--")) {
    throw new UsageError(`${rawName} needs a value: ${wanted}. If the value is "${value}", write ${rawName}=${value}.`);
  }
  return value;
}

function readJsonObject(path: string): object {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw unusable(`${path} cannot be read as JSON: ${errorMessage(error)}.`);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw unusable(`${path} must hold one JSON object.`);
  return value;
}

function unusable(message: string): UsageError {
  return new UsageError(message, sysexits.EX_CONFIG);
}
