// Which message a test waits for.

import type { InboxMessage } from "./inbox-message.ts";

/** A text is meant as a whole, case left aside; a regular expression finds its place anywhere. */
export type TextWanted = string | RegExp;

/** Everything that is given must hold. */
export interface Wanted {
  /** One of the envelope's recipients. */
  readonly to?: TextWanted;
  /** The envelope's sender; empty for the null reverse-path. */
  readonly from?: TextWanted;
  readonly subject?: TextWanted;
  /** In the text or in the HTML; a text may stand anywhere in it. */
  readonly body?: TextWanted;
  /** Fields of the header. */
  readonly headers?: Readonly<Record<string, TextWanted>>;
  /** Anything else. */
  readonly where?: (message: InboxMessage) => boolean;
}

const known: readonly string[] = ["to", "from", "subject", "body", "headers", "where"] satisfies (keyof Wanted)[];

/** Throws `TypeError` for a word that asks for nothing that is known: a slip would be satisfied by every message. */
export function checkWanted(wanted: Wanted): void {
  const stray = Object.keys(wanted).find((name) => !known.includes(name));
  if (stray !== undefined)
    throw new TypeError(
      `A message cannot be asked for by "${stray}": use ${known.join(", ")}, and { within } by itself`,
    );
}

export function isWanted(message: InboxMessage, { to, from, subject, body, headers = {}, where }: Wanted): boolean {
  const { envelope } = message;
  return (
    (to === undefined || envelope.to.some((address) => fits(address, to))) &&
    (from === undefined || fits(envelope.from, from)) &&
    (subject === undefined || fits(message.subject, subject)) &&
    (body === undefined || [message.text, message.html].some((text) => contains(text, body))) &&
    Object.entries(headers).every(([name, value]) => message.headers.all(name).some((field) => fits(field, value))) &&
    (where === undefined || where(message))
  );
}

/** `to bia@example.net with subject "Hello"`; empty for any message. */
export function describeWanted({ to, from, subject, body, headers = {}, where }: Wanted): string {
  const parts = [
    from === undefined ? "" : ` from ${shown(from, "<>")}`,
    to === undefined ? "" : ` to ${shown(to)}`,
    subject === undefined ? "" : ` with subject ${quoted(subject)}`,
    body === undefined ? "" : ` with ${quoted(body)} in its body`,
    ...Object.entries(headers).map(([name, value]) => ` with ${name}: ${shown(value)}`),
    where === undefined ? "" : " that satisfies where()",
  ];
  return parts.join("");
}

function fits(text: string, wanted: TextWanted): boolean {
  return typeof wanted === "string" ? text.toLowerCase() === wanted.toLowerCase() : finds(wanted, text);
}

function contains(text: string, wanted: TextWanted): boolean {
  return typeof wanted === "string" ? text.includes(wanted) : finds(wanted, text);
}

/** Whatever it found before: one with the flag `g` would go on from there. */
function finds(wanted: RegExp, text: string): boolean {
  wanted.lastIndex = 0;
  return wanted.test(text);
}

function shown(wanted: TextWanted, none = ""): string {
  return typeof wanted === "string" && wanted === "" ? none : String(wanted);
}

function quoted(wanted: TextWanted): string {
  return typeof wanted === "string" ? JSON.stringify(wanted) : String(wanted);
}
