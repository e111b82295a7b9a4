// Reads dialogues: the notation of test/transcripts, seen from one of the two sides, with patterns and expectations.

import { Expectation } from "./expected.ts";
import { escapedText, lineParts, piecesOf, utf8Octets, withoutUnicodeEscapes } from "./line-text.ts";
import { checkedName, readPattern, type Pattern } from "./pattern.ts";

/** Whose side of a dialogue. */
export type Party = "client" | "server";

/** Lines in the notation, in which a step may also be an expectation of `expected`. */
export type DialogueSource = string | readonly (string | Expectation<string | undefined>)[] | Dialogue;

/** The dialogue is no dialogue. */
export class DialogueError extends Error {
  override readonly name = "DialogueError";
}

/** Where a step stands: lines are counted from 1. */
export interface Place {
  readonly line: number;
  readonly text: string;
}

/** What the peer waits for. `rest`: any number of lines, and what they are kept as. */
export type Awaited =
  | { readonly kind: "pattern"; readonly pattern: Pattern; readonly place: Place }
  | { readonly kind: "value"; readonly expectation: Expectation<string | undefined>; readonly place: Place }
  | { readonly kind: "rest"; readonly name: string | undefined; readonly place: Place };

export type Deed = "TLS" | "ends" | "closes" | "breaks";

export type Step =
  | { readonly kind: "say"; readonly text: string; readonly place: Place }
  | { readonly kind: "await"; readonly awaited: Awaited }
  | { readonly kind: "do"; readonly deed: Deed; readonly place: Place }
  | { readonly kind: "see"; readonly deed: Exclude<Deed, "TLS">; readonly place: Place }
  | { readonly kind: "pass"; readonly milliseconds: number; readonly place: Place }
  | { readonly kind: "within"; readonly milliseconds: number; readonly place: Place }
  | { readonly kind: "anyOrder"; readonly turns: readonly Turn[]; readonly place: Place };

/** Something awaited, and what follows it. */
export interface Turn {
  readonly awaited: Awaited;
  readonly steps: readonly Step[];
}

/** A line of a dialogue, or what stands for it. */
export interface WrittenLine {
  readonly line: number;
  readonly what: string | Expectation<string | undefined>;
}

/** A dialogue made by the tag `dialogue`. */
export class Dialogue {
  readonly written: readonly WrittenLine[];

  constructor(written: readonly WrittenLine[]) {
    this.written = written;
  }
}

/** Dialogues of several connections. */
export class InTurn<Sources extends readonly DialogueSource[] = readonly DialogueSource[]> {
  readonly sources: Sources;

  constructor(sources: Sources) {
    this.sources = sources;
  }
}

/** A dialogue for each connection, in the order in which they come. */
export function inTurn<const Sources extends readonly DialogueSource[]>(...sources: Sources): InTurn<Sources> {
  return new InTurn(sources);
}

/**
 * A dialogue as a template: backslashes stay what they are. An expectation put in stands where a line could stand; text and numbers
 * are themselves, whatever characters they have. Throws `DialogueError` for an expectation within a line.
 */
export function dialogue(
  strings: TemplateStringsArray,
  ...values: readonly (string | number | Expectation<string | undefined>)[]
): Dialogue {
  const written: WrittenLine[] = [];
  let text = "";
  const end = () => {
    const line = written.length + 1;
    const last = parts.at(-1);
    if (last !== undefined && text.trim() !== "")
      throw new DialogueError(`Line ${line}: an expectation is a line of its own`);
    written.push({ line, what: last ?? text });
    text = "";
    parts.length = 0;
  };
  const parts: Expectation<string | undefined>[] = [];
  for (const [index, raw] of strings.raw.entries()) {
    const [first = "", ...lines] = withoutUnicodeEscapes(raw).split("\n");
    text += first;
    for (const line of lines) {
      end();
      text = line;
    }
    const value = values[index];
    if (value instanceof Expectation) parts.push(value);
    else if (value !== undefined) text += escapedText(String(value));
  }
  end();
  return new Dialogue(written);
}

/** The steps of the peer that speaks for `party`. Throws `DialogueError`, which names the line. */
export function readDialogue(source: DialogueSource, party: Party): readonly Step[] {
  const known = new Set<string>();
  const steps = writtenLines(source).flatMap(({ line, what }, index): readonly Line[] => {
    if (what instanceof Expectation) return [valueLine(what, line, { party, known })];
    const text = trimmed(what);
    if (text === "" || text.startsWith("#") || text.startsWith("->") || text.startsWith("<-")) return [];
    const isFront = ["server", "client"].some((role) => text === role || text.startsWith(`${role} `));
    if (isFront && index === firstLine(source)) return [];
    try {
      return readLine({ line, text }, { party, known });
    } catch (error) {
      throw new DialogueError(`Line ${line}: ${error instanceof Error ? error.message : String(error)}: ${text}`);
    }
  });
  return grouped(steps);
}

function writtenLines(source: DialogueSource): readonly WrittenLine[] {
  if (source instanceof Dialogue) return source.written;
  const parts = typeof source === "string" ? [source] : source;
  const lines = parts.flatMap((part): WrittenLine["what"][] => (typeof part === "string" ? part.split("\n") : [part]));
  return lines.map((what, index) => ({ line: index + 1, what }));
}

/** The first that says anything. */
function firstLine(source: DialogueSource): number {
  return writtenLines(source).findIndex(({ what }) => {
    const text = typeof what === "string" ? trimmed(what) : "-";
    return text !== "" && !text.startsWith("#");
  });
}

/** A step, or a sign where lines begin or end that come in any order. */
type Line = Step | Sign;
type Sign =
  | { readonly kind: "in any order"; readonly place: Place }
  | { readonly kind: "in order"; readonly place: Place };

interface Side {
  readonly party: Party;
  /** Names of what the lines before have kept. */
  readonly known: Set<string>;
}

function valueLine(expectation: Expectation<string | undefined>, line: number, { party, known }: Side): Line {
  const { by, text, name } = expectation;
  if (by === party)
    throw new DialogueError(`Line ${line}: this is for the ${by} to say, and the peer is the ${by}: ${text}`);
  if (name !== undefined) known.add(checkedName(name));
  return { kind: "await", awaited: { kind: "value", expectation, place: { line, text } } };
}

function readLine(place: Place, side: Side): readonly Line[] {
  const { text } = place;
  if (text === "…" || text === "...") return [{ kind: "pass", milliseconds: 0, place }];
  const [mark, rest] = splitAt(text, " ");
  if (mark === "…" || mark === "...") return readDirection(rest, place, side);
  if (mark !== "C:" && mark !== "S:") throw new SyntaxError("a line begins with C:, S:, … or #");
  const by = mark === "C:" ? "client" : "server";
  const deed = readDeed(rest);
  if (deed === "TLS") return [{ kind: "do", deed, place }];
  if (deed !== undefined) return [by === side.party ? { kind: "do", deed, place } : { kind: "see", deed, place }];
  if (by === side.party) return [said(rest, place, side)];
  return [{ kind: "await", awaited: awaitedLine(rest, place, side) }];
}

const deeds: readonly Deed[] = ["TLS", "ends", "closes", "breaks"];

function readDeed(text: string): Deed | undefined {
  return deeds.find((deed) => text === `(${deed})`);
}

function said(text: string, place: Place, { known }: Side): Step {
  saidOctets(text, (name) => {
    if (!known.has(name)) throw new SyntaxError(`no line before keeps {${name}}: a brace itself is written \\x7b`);
    return "";
  });
  return { kind: "say", text, place };
}

/** The octets of a line that is said, with what has been kept in the place of its name. */
export function saidOctets(text: string, kept: (name: string) => string): string {
  const { body, ended } = lineParts(text);
  const octets = piecesOf(body).map((piece) => {
    if (piece.kind === "octets") return piece.octets;
    return piece.kind === "star" ? "*" : utf8Octets(kept(piece.inside));
  });
  return octets.join("") + (ended ? "\r\n" : "");
}

function awaitedLine(text: string, place: Place, { known }: Side): Awaited {
  const name = text === "**" ? undefined : restName(text);
  if (text === "**" || name !== undefined) {
    if (name !== undefined) known.add(checkedName(name));
    return { kind: "rest", name, place };
  }
  const pattern = readPattern(text);
  for (const token of pattern.tokens) if (token.kind !== "octets" && token.name !== undefined) known.add(token.name);
  return { kind: "pattern", pattern, place };
}

/** `{name**}` */
function restName(text: string): string | undefined {
  return text.startsWith("{") && text.endsWith("**}") ? text.slice(1, -3) : undefined;
}

/** `300 ms pass`, `within 10 s`, `in any order`, `in order`, `opened`, `opened, offering SIZE 1000, PIPELINING`. */
function readDirection(text: string, place: Place, side: Side): readonly Line[] {
  if (text === "in any order" || text === "in order") return [{ kind: text, place }];
  if (text === "opened") return opening([], place, side);
  if (text.startsWith("opened, offering "))
    return opening(text.slice("opened, offering ".length).split(", "), place, side);
  if (text.startsWith("within "))
    return [{ kind: "within", milliseconds: duration(text.slice("within ".length)), place }];
  if (text.endsWith(" pass")) return [{ kind: "pass", milliseconds: duration(text.slice(0, -" pass".length)), place }];
  throw new SyntaxError("no such direction");
}

const units = new Map([
  ["ms", 1],
  ["s", 1_000],
  ["min", 60_000],
  ["h", 3_600_000],
]);

/** Milliseconds. */
export function duration(text: string): number {
  const [amount, unit] = splitAt(text, " ");
  const milliseconds = Number(amount) * (units.get(unit) ?? Number.NaN);
  if (!(milliseconds > 0 && milliseconds < Infinity)) throw new SyntaxError("no such time");
  return milliseconds;
}

function opening(offers: readonly string[], place: Place, side: Side): readonly Line[] {
  const names = ["mx.example.com", ...offers];
  const lines =
    side.party === "server"
      ? [
          "S: 220 mx.example.com ESMTP ready",
          "C: {EHLO|LHLO} *",
          ...names.map((name, index) => `S: 250${index === names.length - 1 ? " " : "-"}${name}`),
        ]
      : ["S: 220 *", "C: EHLO client.example.org", "S: **"];
  return lines.flatMap((text) => readLine({ ...place, text }, side));
}

/** Between `… in any order` and `… in order` each line awaited begins a turn. */
function grouped(lines: readonly Line[]): readonly Step[] {
  const steps: Step[] = [];
  let turns: { readonly awaited: Awaited; readonly steps: Step[] }[] | undefined;
  for (const line of lines) {
    if (line.kind === "in any order") {
      turns = [];
      steps.push({ kind: "anyOrder", turns, place: line.place });
    } else if (line.kind === "in order") turns = undefined;
    else if (turns === undefined) steps.push(line);
    else if (line.kind === "await") turns.push({ awaited: inAnyOrder(line.awaited), steps: [] });
    else behind(turns, line).push(line);
  }
  return steps;
}

function inAnyOrder(awaited: Awaited): Awaited {
  const isLine =
    awaited.kind === "pattern"
      ? awaited.pattern.ended
      : awaited.kind === "value" && awaited.expectation.reads === "line";
  if (!isLine)
    throw new DialogueError(`Line ${awaited.place.line}: only lines come in any order: ${awaited.place.text}`);
  return awaited;
}

function behind(turns: readonly { readonly steps: Step[] }[], step: Step): Step[] {
  const turn = turns.at(-1);
  const line = "place" in step ? step.place.line : 0;
  if (turn === undefined)
    throw new DialogueError(`Line ${line}: what comes in any order begins with a line to wait for`);
  return turn.steps;
}

/** Without the white space of a program's text around it; other white space may be meant. */
function trimmed(text: string): string {
  let [from, to] = [0, text.length];
  while (from < to && isBlank(text[from])) from += 1;
  while (from < to && isBlank(text[to - 1])) to -= 1;
  return text.slice(from, to);
}

function isBlank(character: string | undefined): boolean {
  return character === " " || character === "\t" || character === "\r";
}

function splitAt(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + separator.length)];
}
