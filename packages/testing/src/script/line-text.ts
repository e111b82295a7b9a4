// The text of a line as dialogues and transcripts write it: UTF-8 with escapes. Octets are held as characters below 256.

/** What stands in a text: octets, a `*`, or what is in braces. */
export type Piece =
  | { readonly kind: "octets"; readonly octets: string }
  | { readonly kind: "star" }
  | { readonly kind: "braces"; readonly inside: string };

/** The octets of a line: escapes resolved, and CRLF, which a backslash at the end leaves out. Throws `SyntaxError`. */
export function lineOctets(text: string): string {
  const { body, ended } = lineParts(text);
  return unescaped(body) + (ended ? "\r\n" : "");
}

/** A line's text without the backslash at its end, if that stands for "no CRLF". */
export function lineParts(text: string): { readonly body: string; readonly ended: boolean } {
  let backslashes = 0;
  while (text.at(-1 - backslashes) === "\\") backslashes += 1;
  const ended = backslashes % 2 === 0;
  return { body: ended ? text : text.slice(0, -1), ended };
}

/**
 * The octets of a text in which `\r`, `\n`, `\t`, `\0`, `\\`, `\*`, `\x` and two hexadecimal digits, and `\{text*count}` are
 * escapes, and all else stands for itself. Throws `SyntaxError`.
 */
export function unescaped(text: string): string {
  return piecesOf(text)
    .map((piece) =>
      piece.kind === "octets" ? piece.octets : piece.kind === "star" ? "*" : `{${utf8Octets(piece.inside)}}`,
    )
    .join("");
}

/** The text in pieces, escapes resolved. Braces that are never closed are octets. Throws `SyntaxError`. */
export function piecesOf(text: string): readonly Piece[] {
  const pieces: Piece[] = [];
  let octets = "";
  const add = (piece: Piece) => {
    if (octets !== "") pieces.push({ kind: "octets", octets });
    octets = "";
    pieces.push(piece);
  };
  for (let at = 0; at < text.length;) {
    const character = String.fromCodePoint(text.codePointAt(at) ?? 0);
    const close = character === "{" ? text.indexOf("}", at) : -1;
    if (character === "\\") {
      const escape = escapeAt(text, at);
      octets += escape.octets;
      at = escape.next;
    } else if (close > 0) {
      add({ kind: "braces", inside: text.slice(at + 1, close) });
      at = close + 1;
    } else {
      if (character === "*") add({ kind: "star" });
      else octets += utf8Octets(character);
      at += character.length;
    }
  }
  if (octets !== "") pieces.push({ kind: "octets", octets });
  return pieces;
}

/** Text that stands for itself where `*` and braces have a meaning. */
export function escapedText(text: string): string {
  const written = new Map([
    ["\r", "\\r"],
    ["\n", "\\n"],
    ["\t", "\\t"],
    ["\\", "\\\\"],
    ["*", "\\*"],
    ["{", "\\x7b"],
  ]);
  const escaped = Array.from(text, (character) => written.get(character) ?? character).join("");
  return escaped.endsWith(" ") ? `${escaped.slice(0, -1)}\\x20` : escaped;
}

/**
 * `\\u2026` and `\\u{2026}` as the character: in the raw text of a template nobody meant them otherwise, and Bun (1.4.5, no issue
 * known) writes so whatever is not ASCII.
 */
export function withoutUnicodeEscapes(raw: string): string {
  let text = "";
  for (let at = 0; at < raw.length;) {
    const close = raw[at + 2] === "{" ? raw.indexOf("}", at) : at + 5;
    const digits = raw[at + 2] === "{" ? raw.slice(at + 3, close) : raw.slice(at + 2, at + 6);
    if (raw[at] === "\\" && raw[at + 1] === "u" && close > 0 && isHexadecimal(digits)) {
      text += String.fromCodePoint(Number.parseInt(digits, 16));
      at = close + 1;
    } else {
      const length = raw[at] === "\\" ? 2 : 1;
      text += raw.slice(at, at + length);
      at += length;
    }
  }
  return text;
}

/** UTF-8, a character for each octet. */
export function utf8Octets(text: string): string {
  return Array.from(new TextEncoder().encode(text), (octet) => String.fromCharCode(octet)).join("");
}

const plainEscapes = new Map([
  ["r", "\r"],
  ["n", "\n"],
  ["t", "\t"],
  ["0", "\0"],
  ["\\", "\\"],
  ["*", "*"],
]);

function escapeAt(text: string, at: number): { readonly octets: string; readonly next: number } {
  const letter = text[at + 1] ?? "";
  const plain = plainEscapes.get(letter);
  if (plain !== undefined) return { octets: plain, next: at + 2 };
  const digits = text.slice(at + 2, at + 4);
  if (letter === "x" && digits.length === 2 && isHexadecimal(digits))
    return { octets: String.fromCharCode(Number.parseInt(digits, 16)), next: at + 4 };
  const repeated = letter === "{" ? repetitionAt(text, at) : undefined;
  if (repeated === undefined) throw new SyntaxError(`no such escape: \\${letter}`);
  return repeated;
}

function isHexadecimal(digits: string): boolean {
  return digits !== "" && Array.from(digits).every((digit) => "0123456789abcdefABCDEF".includes(digit));
}

/** `\{text*count}`, up to the first brace that has a count before it. */
function repetitionAt(text: string, at: number): { readonly octets: string; readonly next: number } | undefined {
  for (let close = text.indexOf("}", at); close > 0; close = text.indexOf("}", close + 1)) {
    const inside = text.slice(at + 2, close);
    const star = inside.lastIndexOf("*");
    const count = inside.slice(star + 1);
    const isCount = count !== "" && Array.from(count).every((digit) => digit >= "0" && digit <= "9");
    if (star >= 0 && isCount)
      return { octets: unescaped(inside.slice(0, star)).repeat(Number(count)), next: close + 1 };
  }
  return undefined;
}
