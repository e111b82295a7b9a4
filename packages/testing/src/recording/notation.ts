// How transcripts write octets and values: `S: 250 OK`, `-> mailReceived reversePath=<a@example.org>`, `<- reject 550 No`.

import type { Reply } from "@carteiro/core";
import { canonicalJson, latin1 } from "./json.ts";

/** A line's octets: the text in UTF-8 where they are, with escapes, and a backslash at the end where no CRLF is. */
export function writtenLine(octets: Uint8Array): string {
  const ended = octets.at(-2) === 0x0d && octets.at(-1) === 0x0a;
  return ended ? written(octets.subarray(0, -2)) : `${written(octets)}\\`;
}

/** The lines of octets, each with its end, if it has one. */
export function linesIn(octets: Uint8Array): readonly Uint8Array[] {
  const lines: Uint8Array[] = [];
  for (let at = 0; at < octets.length;) {
    let end = octets.indexOf(0x0a, at);
    while (end > 0 && octets[end - 1] !== 0x0d) end = octets.indexOf(0x0a, end + 1);
    const next = end < 0 ? octets.length : end + 1;
    lines.push(octets.subarray(at, next));
    at = next;
  }
  return lines;
}

/** The names and values of an event, an intent or the like. */
export function writtenFields(value: object, without: readonly string[] = ["type", "decision"]): string {
  const fields = Object.entries(value).filter(([name, field]) => !without.includes(name) && field !== undefined);
  return fields.map(([name, field]) => ` ${name}=${quoted(writtenValue(field))}`).join("");
}

/** `550 5.1.1 No such user`, its lines divided by `\n`. */
export function writtenReply({ code, enhanced, lines }: Reply): string {
  const text = lines.join("\\n");
  return [code, enhanced, text === "" ? undefined : text].filter((part) => part !== undefined).join(" ");
}

/** A mailbox as a path, a reply as its text, octets as what they are, and whatever else in JSON. */
export function writtenValue(value: unknown): string {
  if (value === undefined) return "none";
  if (value === null) return "<>";
  if (typeof value === "string") return value;
  if (value instanceof Uint8Array) return written(value);
  if (Array.isArray(value)) return value.length === 0 ? "none" : value.map(writtenValue).join(",");
  return typeof value === "object" ? writtenObject(value) : canonicalJson(value);
}

function writtenObject(value: object): string {
  const { address, code, recipient, kind, keyword } = value as Readonly<Record<string, unknown>>;
  if (typeof address === "string") return `<${address}>`;
  if (typeof code === "number" && "lines" in value) return writtenReply(value as Reply);
  if (typeof recipient === "object") return writtenValue(recipient);
  if (typeof kind === "string") return kind;
  return typeof keyword === "string" ? keywordOf(value) : `{${writtenFields(value, []).slice(1)}}`;
}

function keywordOf(value: object): string {
  const { keyword, value: set, parameters = [] } = value as { keyword: string; value?: string; parameters?: string[] };
  return set === undefined ? [keyword, ...parameters].join(" ") : `${keyword}=${set}`;
}

function quoted(text: string): string {
  if (text.startsWith("{") && text.endsWith("}")) return text;
  const isPlain = text !== "" && Array.from(text).every((character) => character > " " && character !== '"');
  return isPlain ? text : JSON.stringify(text);
}

const names = new Map([
  ["\r", "r"],
  ["\n", "n"],
  ["\t", "t"],
  ["\0", "0"],
  ["\\", "\\"],
]);

function written(octets: Uint8Array): string {
  const text = utf8(octets);
  const isText = text !== undefined;
  const characters = Array.from(text ?? latin1(octets));
  const shown = characters.map((character, index) => {
    const code = character.charCodeAt(0);
    const name = names.get(character);
    if (name !== undefined) return `\\${name}`;
    const isLast = character === " " && index === characters.length - 1;
    const isUnreadable = code < 0x20 || (code >= 0x7f && code < 0xa0) || (!isText && code > 0x7e);
    return isLast || isUnreadable ? `\\x${code.toString(16).padStart(2, "0")}` : character;
  });
  return shown.join("");
}

/** `undefined` for what is no UTF-8, or has control characters beyond ASCII. */
function utf8(octets: Uint8Array): string | undefined {
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(octets);
    return Array.from(text).some((character) => character >= "\x80" && character <= "\x9f") ? undefined : text;
  } catch {
    return undefined;
  }
}
