// What an expected line looks like: text in which `*` is any text, `{name}` any text that is kept, `{a|b}` one of several.

import { utf8Octets, lineParts, piecesOf } from "./line-text.ts";
import { latin1, octetsOf } from "../recording/json.ts";

type Token =
  | { readonly kind: "octets"; readonly octets: string }
  | { readonly kind: "any"; readonly name?: string }
  | { readonly kind: "one"; readonly of: readonly string[]; readonly name?: string };

export interface Pattern {
  readonly tokens: readonly Token[];
  /** Whether CRLF follows. */
  readonly ended: boolean;
}

/** What braces have kept, by name, as text. */
export type Kept = Readonly<Record<string, string>>;

/** Throws `SyntaxError`. */
export function readPattern(text: string): Pattern {
  const { body, ended } = lineParts(text);
  const tokens = piecesOf(body).map((piece): Token => {
    if (piece.kind === "octets") return piece;
    return piece.kind === "star" ? { kind: "any" } : readBraces(piece.inside);
  });
  const pattern = { tokens, ended };
  if (!ended && literalOf(pattern) === undefined) throw new SyntaxError("a line without its end has to be written out");
  return pattern;
}

/** The octets of a pattern that nothing else matches, without CRLF. */
export function literalOf({ tokens }: Pattern): string | undefined {
  const octets = tokens.map((token) => (token.kind === "octets" ? token.octets : undefined));
  return octets.includes(undefined) ? undefined : octets.join("");
}

/** What was kept where the octets, without CRLF, look so; `undefined` where they do not. The shortest texts are taken. */
export function matchPattern({ tokens }: Pattern, octets: string, caseless = false): Kept | undefined {
  const spans = new Matcher(tokens, caseless ? octets.toLowerCase() : octets, caseless).match();
  if (spans === undefined) return undefined;
  return Object.fromEntries(spans.map(([name, from, to]) => [name, readableText(octets.slice(from, to))]));
}

/** Text where the octets are UTF-8, and else a character for each. */
export function readableText(octets: string): string {
  const bytes = octetsOf(octets);
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return latin1(bytes);
  }
}

/** `name`, `a|b` or `name=a|b`. */
function readBraces(inside: string): Token {
  const at = inside.indexOf("=");
  const name = at < 0 ? undefined : inside.slice(0, at);
  const of = inside
    .slice(at + 1)
    .split("|")
    .map(utf8Octets);
  if (name === undefined && of.length === 1) return { kind: "any", name: checkedName(inside) };
  return { kind: "one", of, ...(name !== undefined && { name: checkedName(name) }) };
}

/** Throws `SyntaxError` for what is no name in TypeScript either. */
export function checkedName(name: string): string {
  const isName = Array.from(name).every((character, at) => isLetter(character) || (at > 0 && isDigit(character)));
  if (name === "" || !isName) throw new SyntaxError(`{${name}} is no name: a brace itself is written \\x7b`);
  return name;
}

function isLetter(character: string): boolean {
  return (character >= "a" && character <= "z") || (character >= "A" && character <= "Z") || character === "_";
}

function isDigit(character: string): boolean {
  return character >= "0" && character <= "9";
}

type Span = readonly [name: string, from: number, to: number];

class Matcher {
  readonly #tokens: readonly Token[];
  readonly #text: string;
  readonly #caseless: boolean;
  /** Where a choice is known to lead nowhere; a wildcard leads nowhere from any place behind such a one either. */
  readonly #hopeless = new Set<number>();
  readonly #hopelessFrom = new Map<number, number>();

  constructor(tokens: readonly Token[], text: string, caseless: boolean) {
    this.#tokens = tokens;
    this.#text = text;
    this.#caseless = caseless;
  }

  match(): readonly Span[] | undefined {
    return this.#from(0, 0);
  }

  #from(index: number, at: number): readonly Span[] | undefined {
    const token = this.#tokens[index];
    if (token === undefined) return at === this.#text.length ? [] : undefined;
    if (this.#isHopeless(token, index, at)) return undefined;
    for (const end of this.#ends(token, index, at)) {
      const rest = this.#from(index + 1, end);
      if (rest === undefined) continue;
      return token.kind === "octets" || token.name === undefined ? rest : [[token.name, at, end], ...rest];
    }
    if (token.kind === "any") this.#hopelessFrom.set(index, at);
    if (token.kind === "one") this.#hopeless.add(at * this.#tokens.length + index);
    return undefined;
  }

  #isHopeless({ kind }: Token, index: number, at: number): boolean {
    if (kind === "any") return at >= (this.#hopelessFrom.get(index) ?? Infinity);
    return kind === "one" && this.#hopeless.has(at * this.#tokens.length + index);
  }

  /** Where the token may end that begins there. */
  *#ends(token: Token, index: number, at: number): Generator<number> {
    if (token.kind === "any") return yield* this.#anyEnds(index, at);
    for (const octets of token.kind === "octets" ? [token.octets] : token.of) {
      if (this.#text.startsWith(this.#folded(octets), at)) yield at + octets.length;
    }
  }

  *#anyEnds(index: number, at: number): Generator<number> {
    const next = this.#tokens[index + 1];
    if (next === undefined) return yield this.#text.length;
    for (let end = at; end <= this.#text.length; end++) {
      if (next.kind === "octets") end = this.#text.indexOf(this.#folded(next.octets), end);
      if (end < 0) return;
      yield end;
    }
  }

  #folded(octets: string): string {
    return this.#caseless ? octets.toLowerCase() : octets;
  }
}
