// Reads the transcripts in test/transcripts/*.md: documents whose ```smtp blocks are dialogues. The notation is told
// in test/transcripts/README.md; transcript-player.ts plays what is read here against a session.

import { octetsOf } from "../../packages/testing/src/recording/json.ts";
import { writtenLine as writtenOctets } from "../../packages/testing/src/recording/notation.ts";
import { duration } from "../../packages/testing/src/script/dialogue.ts";
import { lineOctets } from "../../packages/testing/src/script/line-text.ts";

export { lineOctets, unescaped } from "../../packages/testing/src/script/line-text.ts";

/** One block of a document: a dialogue of one session, from its beginning. */
export interface Transcript {
  readonly file: string;
  /** The headings over the block, the outermost first; the document's title is not among them. */
  readonly headings: readonly string[];
  /** Which side is under test. The other side's lines are its input. */
  readonly role: Role;
  /** Whether the connection began with TLS. */
  readonly overTls: boolean;
  /** Whether the runtime tells what SCRAM can be bound to, once there is TLS. */
  readonly bindable: boolean;
  /** Whether the client shows a certificate that is verified, once there is TLS. */
  readonly certified: boolean;
  /** Whether the client may say who others are (XCLIENT, XFORWARD). */
  readonly trusted: boolean;
  /** Whether a PROXY header comes first. */
  readonly proxied: boolean;
  /** Whether TLS begins behind it, before the greeting. */
  readonly tlsFirst: boolean;
  /** Whether anything can be computed. */
  readonly computes: boolean;
  /** Options of the session under test, as they stand in the block's first line. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly steps: readonly Step[];
}

export type Role = "server" | "client";

/** What one line says. Octets are held as a string of characters below 256, one for each octet. */
export type Action =
  | { readonly kind: "said"; readonly by: Role; readonly octets: string }
  | { readonly kind: "done"; readonly by: Role; readonly what: Deed }
  | { readonly kind: "passed"; readonly milliseconds: number }
  | { readonly kind: "paused" }
  | { readonly kind: "opened"; readonly offering: readonly string[] | undefined }
  | { readonly kind: "told"; readonly event: string; readonly fields: readonly Field[] }
  | { readonly kind: "untold"; readonly event: string }
  | { readonly kind: "thrown"; readonly error: ThrownName; readonly message: string }
  | { readonly kind: "intended"; readonly intent: string; readonly rest: string };

/** What an intent, or the options, may be refused by. */
export type ThrownName = "LocalProtocolError" | "InvalidValueError";
export type Deed = "TLS" | "closes" | "ends" | "breaks";
export type Field = readonly [name: string, value: string];
export type Step = Action & { readonly source: Source };

/** Where a step stands, and how it is written there. */
export interface Source {
  readonly line: number;
  readonly text: string;
}

/** The document itself is wrong. */
export class NotationError extends Error {
  override readonly name = "NotationError";

  constructor(file: string, { line, text }: Source, problem: string) {
    super(`${file}:${line}: ${problem}: ${text}`);
  }
}

/** The transcripts of a document, in their order. Throws `NotationError`. */
export function readTranscripts(file: string, markdown: string): Transcript[] {
  const transcripts: Transcript[] = [];
  const headings: string[] = [];
  let block: Source[] | undefined;
  for (const [index, text] of markdown.split("\n").entries()) {
    if (block !== undefined) {
      if (text === "```") {
        transcripts.push(readBlock(file, headings.slice(1), block));
        block = undefined;
      } else {
        block.push({ line: index + 1, text });
      }
    } else if (text === "```smtp") {
      block = [];
    } else if (text.startsWith("#")) {
      const depth = text.indexOf(" ");
      headings.splice(depth - 1, Infinity, text.slice(depth + 1));
    }
  }
  return transcripts;
}

function readBlock(file: string, headings: readonly string[], block: readonly Source[]): Transcript {
  const [first, ...rest] = block.filter(({ text }) => text.trim() !== "" && !text.startsWith("#"));
  if (first === undefined) throw new Error(`${file}: a block is empty, under ${headings.join(", ")}`);
  const steps = rest.map((source): Step => {
    try {
      return { ...readAction(source.text), source };
    } catch (error) {
      throw new NotationError(file, source, String(error));
    }
  });
  return { file, headings, ...readFront(file, first), steps };
}

const circumstances = [
  "of trusted clients",
  "behind a proxy",
  "with TLS first",
  "over TLS",
  "with channel bindings",
  "with a certificate",
  "without computation",
] as const;

/**
 * `server` or `client`, and behind it the circumstances, in their order: `server over TLS with channel bindings`; options in
 * JSON behind it where it has any.
 */
function readFront(
  file: string,
  source: Source,
): Pick<
  Transcript,
  "role" | "trusted" | "proxied" | "tlsFirst" | "overTls" | "bindable" | "certified" | "computes" | "options"
> {
  const [words, json] = splitAt(source.text, " {");
  const options: unknown = JSON.parse(json === "" ? "{}" : `{${json}`);
  const [role = ""] = words.split(" ");
  const given = circumstances.filter((circumstance) => words.includes(` ${circumstance}`));
  if ((role !== "server" && role !== "client") || [role, ...given].join(" ") !== words) {
    throw new NotationError(file, source, "a block begins with server or client");
  }
  return {
    role,
    trusted: given.includes("of trusted clients"),
    proxied: given.includes("behind a proxy"),
    tlsFirst: given.includes("with TLS first"),
    overTls: given.includes("over TLS"),
    bindable: given.includes("with channel bindings"),
    certified: given.includes("with a certificate"),
    computes: !given.includes("without computation"),
    options: { ...(options as object) },
  };
}

function readAction(text: string): Action {
  if (text === "…") return { kind: "paused" };
  const [mark, rest] = splitAt(text, " ");
  switch (mark) {
    case "C:":
      return readParty("client", rest);
    case "S:":
      return readParty("server", rest);
    case "->":
      return readEvent(rest);
    case "<-":
      return readIntent(rest);
    case "…":
      return readDirection(rest);
    default:
      throw new Error("a line begins with C:, S:, ->, <-, … or #");
  }
}

const deeds: readonly string[] = ["TLS", "closes", "ends", "breaks"] satisfies readonly Deed[];

function readParty(by: Role, text: string): Action {
  const what = text.startsWith("(") && text.endsWith(")") ? text.slice(1, -1) : "";
  if (deeds.includes(what)) return { kind: "done", by, what: what as Deed };
  return { kind: "said", by, octets: lineOctets(text) };
}

function readEvent(text: string): Action {
  const [event, rest] = splitAt(text, " ");
  if (event === "no") return { kind: "untold", event: rest };
  if (event === "LocalProtocolError" || event === "InvalidValueError")
    return { kind: "thrown", error: event, message: rest };
  return { kind: "told", event, fields: readFields(rest) };
}

function readIntent(text: string): Action {
  const [intent, rest] = splitAt(text, " ");
  return { kind: "intended", intent, rest };
}

/** `300 s pass`, `opened`, `opened, offering SIZE 1000, PIPELINING`. */
function readDirection(text: string): Action {
  if (text === "opened") return { kind: "opened", offering: undefined };
  const [before, list] = splitAt(text, " offering ");
  if (before === "opened,") return { kind: "opened", offering: list.split(", ") };
  if (!text.endsWith(" pass")) throw new Error("no such direction");
  return { kind: "passed", milliseconds: duration(text.slice(0, -" pass".length)) };
}

/** `name=value name="value with spaces"`; what stands in quotes is a string of JSON. */
export function readFields(text: string): Field[] {
  const fields: Field[] = [];
  for (let rest = text.trim(); rest !== "";) {
    const [whole = "", name = "", value = ""] = /^([^\s=]+)=("(?:[^"\\]|\\.)*"|\S*)\s*/.exec(rest) ?? [];
    if (whole === "") throw new Error("fields are name=value");
    fields.push([name, value.startsWith('"') ? String(JSON.parse(value)) : value]);
    rest = rest.slice(whole.length);
  }
  return fields;
}

/** A line as it is written behind `C:` or `S:`; octets without a line's end have a backslash at theirs. */
export function writtenLine(octets: string): string {
  return writtenOctets(octetsOf(octets));
}

function splitAt(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + separator.length)];
}
