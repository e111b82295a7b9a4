// Values of the wire for properties: addresses, parameters, commands, replies, content with hostile newlines and dots,
// and octets cut into chunks at random.

import fc from "fast-check";
import {
  commandArgument,
  initialResponse,
  saslMechanism,
  type Command,
} from "../../packages/core/src/grammar/command.ts";
import {
  forwardPath,
  helloName,
  mailbox,
  type ForwardPath,
  type Mailbox,
  type ReversePath,
} from "../../packages/core/src/grammar/address.ts";
import type { Capabilities } from "../../packages/core/src/grammar/capabilities.ts";
import { esmtpParameter, type EsmtpParameters } from "../../packages/core/src/grammar/parameters.ts";
import { reply, type Reply } from "../../packages/core/src/grammar/reply.ts";

const letters = "abcdefghijklmnopqrstuvwxyz";
const letDig = `${letters}${letters.toUpperCase()}0123456789`;
const beyondAscii = "éßñÅжд中文字ü\u{1f600}\u{10ffff}\u2028\u00a0";

function textOf(characters: string, size: { readonly min: number; readonly max: number }): fc.Arbitrary<string> {
  return fc
    .array(anyOf(characters), { minLength: size.min, maxLength: size.max, size: "max" })
    .map((picked) => picked.join(""));
}

/** One of the characters. */
export function anyOf(characters: string): fc.Arbitrary<string> {
  return fc.constantFrom(...Array.from(characters));
}

/** Whether there is a control character of ASCII in the text. */
export function hasControl(text: string): boolean {
  return Array.from(text).some((char) => char < " " || char === "\x7f");
}

/** Characters of a class, and now and then one beyond ASCII where that is asked for. */
function withUtf8(characters: string, utf8: boolean): string {
  return utf8 ? characters + beyondAscii : characters;
}

const printable = Array.from({ length: 95 }, (_, index) => String.fromCharCode(32 + index)).join("");

/** What a local part may mean: a dot-string, or anything printable, which then takes quotes. */
export function localParts(utf8 = false): fc.Arbitrary<string> {
  const atom = textOf(withUtf8(`${letDig}!#$%&'*+-/=?^_\`{|}~`, utf8), { min: 1, max: 8 });
  return fc.oneof(
    { weight: 3, arbitrary: fc.array(atom, { minLength: 1, maxLength: 3 }).map((atoms) => atoms.join(".")) },
    { weight: 2, arbitrary: textOf(withUtf8(printable, utf8), { min: 1, max: 12 }) },
    { weight: 1, arbitrary: textOf('".\\> @', { min: 1, max: 8 }) },
  );
}

function labels(utf8: boolean): fc.Arbitrary<string> {
  const middle = textOf(withUtf8(`${letDig}-`, utf8), { min: 0, max: 6 });
  const edge = anyOf(letDig);
  return fc.oneof(
    edge,
    fc.tuple(edge, middle, edge).map((parts) => parts.join("")),
  );
}

/** Domains in mixed case. */
export function domains(utf8 = false): fc.Arbitrary<string> {
  return fc.array(labels(utf8), { minLength: 1, maxLength: 4 }).map((parts) => parts.join("."));
}

const ipv6s = fc.oneof(
  fc
    .array(fc.nat(0xffff), { minLength: 8, maxLength: 8 })
    .map((groups) => groups.map((group) => group.toString(16)).join(":")),
  fc
    .tuple(fc.array(fc.nat(0xffff), { maxLength: 3 }), fc.array(fc.nat(0xffff), { maxLength: 3 }))
    .map((halves) => halves.map((groups) => groups.map((group) => group.toString(16)).join(":")).join("::")),
  fc.tuple(fc.nat(0xffff), fc.ipV4()).map(([group, ipv4]) => `${group.toString(16)}::${ipv4}`),
);

export const addressLiterals: fc.Arbitrary<string> = fc.oneof(
  fc.ipV4().map((address) => `[${address}]`),
  ipv6s.map((address) => `[IPv6:${address}]`),
  fc
    .tuple(labels(false), textOf("abcXYZ019!-/:;@", { min: 1, max: 8 }))
    .filter(([tag]) => tag.toLowerCase() !== "ipv6")
    .map(([tag, content]) => `[${tag}:${content}]`),
);

/** The local part as one may write it in quotes, with more backslashes than it needs where `extra` says so. */
export function quoted(localPart: string, extra: boolean): string {
  const escaped = Array.from(localPart, (char) => {
    const needed = char === '"' || char === "\\";
    return needed || (extra && char >= " " && char <= "~") ? `\\${char}` : char;
  });
  return `"${escaped.join("")}"`;
}

/** Addresses; with `utf8`, many of them go beyond ASCII. */
export function mailboxes(utf8 = false): fc.Arbitrary<Mailbox> {
  return fc
    .tuple(
      localParts(utf8),
      fc.oneof({ weight: 4, arbitrary: domains(utf8) }, { weight: 1, arbitrary: addressLiterals }),
    )
    .map(([localPart, domain]) => mailbox(`${quoted(localPart, false)}@${domain}`));
}

export function reversePaths(utf8 = false): fc.Arbitrary<ReversePath> {
  return fc.option(mailboxes(utf8), { freq: 5, nil: null });
}

export function forwardPaths(utf8 = false): fc.Arbitrary<ForwardPath> {
  const postmaster = fc.mixedCase(fc.constant("postmaster")).map(forwardPath);
  return fc.oneof({ weight: 5, arbitrary: mailboxes(utf8) }, { weight: 1, arbitrary: postmaster });
}

const parameterValue = printable.replaceAll(" ", "").replaceAll("=", "");

/** Parameters, each keyword once. None of them is SMTPUTF8. */
export function parameters(utf8 = false): fc.Arbitrary<EsmtpParameters> {
  const parameter = fc.tuple(
    fc.oneof(fc.constantFrom("SIZE", "body", "Auth"), textOf(`${letDig}-`, { min: 1, max: 6 })),
    fc.option(textOf(withUtf8(parameterValue, utf8), { min: 1, max: 8 }), { nil: undefined }),
  );
  return fc
    .uniqueArray(parameter, { maxLength: 4, selector: ([keyword]) => keyword.toUpperCase() })
    .map((pairs) => pairs.filter(([keyword]) => !keyword.startsWith("-") && keyword.toUpperCase() !== "SMTPUTF8"))
    .map((pairs) => pairs.map(([keyword, value]) => esmtpParameter(keyword, value, { utf8 })));
}

function commandArguments(utf8: boolean) {
  return textOf(withUtf8(printable, utf8).replaceAll("\u00a0", ""), { min: 1, max: 12 })
    .map((text) => text.trim())
    .filter((text) => text !== "")
    .map(commandArgument);
}

const smtputf8 = esmtpParameter("SMTPUTF8");

/** Every command; with `utf8`, as they are under SMTPUTF8. */
export function commands(utf8 = false): fc.Arbitrary<Command> {
  const declared = (list: EsmtpParameters) => (utf8 ? [...list, smtputf8] : list);
  return fc.oneof(
    fc.record({
      verb: fc.constantFrom("EHLO" as const, "HELO" as const, "LHLO" as const),
      name: fc.oneof(domains(), addressLiterals, fc.constant("DESKTOP_1")).map(helloName),
    }),
    fc.record({
      verb: fc.constant("MAIL" as const),
      reversePath: reversePaths(utf8),
      parameters: parameters(utf8).map(declared),
    }),
    fc.record({ verb: fc.constant("RCPT" as const), forwardPath: forwardPaths(utf8), parameters: parameters(utf8) }),
    fc.record({ verb: fc.constantFrom("DATA" as const, "RSET" as const, "QUIT" as const, "STARTTLS" as const) }),
    fc.record(
      { verb: fc.constantFrom("NOOP" as const, "HELP" as const), argument: commandArguments(false) },
      { requiredKeys: ["verb"] },
    ),
    fc.record({
      verb: fc.constantFrom("VRFY" as const, "EXPN" as const),
      argument: commandArguments(utf8),
      parameters: fc.constant(declared([])),
    }),
    fc.record(
      {
        verb: fc.constant("AUTH" as const),
        mechanism: fc.constantFrom("PLAIN", "login", "SCRAM-SHA-256-PLUS", "X_1").map(saslMechanism),
        initialResponse: fc.base64String({ maxLength: 40 }).map(initialResponse),
      },
      { requiredKeys: ["verb", "mechanism"] },
    ),
    fc.record({
      verb: fc.constant("BDAT" as const),
      chunk: fc.record({ octets: fc.oneof(fc.nat(5_000), fc.maxSafeNat()), last: fc.boolean() }),
    }),
    fc.record({
      verb: fc.constant("BURL" as const),
      reference: fc.record({
        url: textOf(`${letDig}:/?[]@!$&'()*+,;=-._~`, { min: 0, max: 12 }).map((rest) => `imap:${rest}`),
        last: fc.boolean(),
      }),
    }),
  );
}

/** Replies of a server; with `utf8`, with text beyond ASCII. Some are long enough to be folded. */
export function replies(utf8 = false): fc.Arbitrary<Reply> {
  const code = fc.tuple(fc.integer({ min: 2, max: 5 }), fc.nat(5), fc.nat(9)).map(([a, b, c]) => a * 100 + b * 10 + c);
  const text = fc.oneof(
    { weight: 6, arbitrary: textOf(withUtf8(`${printable}\t`, utf8), { min: 0, max: 30 }) },
    { weight: 1, arbitrary: fc.constantFrom("2.0.0 OK", "5.7.1", "4.1.2 ", "5.7.1234 x", "5.07.1 x", " 5.7.1 x") },
    { weight: 1, arbitrary: textOf(withUtf8("word ", utf8), { min: 400, max: 1200 }) },
  );
  const enhanced = fc.option(fc.tuple(fc.nat(999), fc.nat(999)), { nil: undefined });
  return fc.tuple(code, enhanced, fc.array(text, { minLength: 1, maxLength: 4 })).map(([digits, pair, lines]) => {
    const takesEnhanced = pair !== undefined && Math.trunc(digits / 100) !== 3;
    return reply(digits, takesEnhanced ? `${Math.trunc(digits / 100)}.${pair[0]}.${pair[1]}` : undefined, ...lines);
  });
}

export const capabilities: fc.Arbitrary<Capabilities> = fc.uniqueArray(
  fc.record({
    keyword: textOf(letters.toUpperCase(), { min: 1, max: 8 }),
    parameters: fc.uniqueArray(textOf(`${letDig}=-+/`, { min: 1, max: 6 }), { maxLength: 3 }),
  }),
  { maxLength: 6, selector: ({ keyword }) => keyword },
);

const newlinesAndDots = [
  "\r\n",
  "\r",
  "\n",
  ".",
  "\r\n.",
  "\r\n.\r\n",
  "\n.\n",
  "\r.\r",
  "..",
  "a",
  "text",
  "\0",
  "\xe9",
];

function octetsOf(text: string): Uint8Array {
  return Uint8Array.from(text, (char) => char.charCodeAt(0));
}

/** Content as it is hardest: newlines of every kind, dots beside them, and any octets between. */
export const contents: fc.Arbitrary<Uint8Array> = fc.oneof(
  fc.array(fc.constantFrom(...newlinesAndDots), { maxLength: 24 }).map((parts) => octetsOf(parts.join(""))),
  fc.array(fc.constantFrom(13, 10, 46, 97), { maxLength: 24 }).map((octets) => Uint8Array.from(octets)),
  fc.uint8Array({ maxLength: 40 }),
);

/** Content whose only newlines are CRLF, the last line's included; leading dots are common. */
export const canonicalContents: fc.Arbitrary<Uint8Array> = fc
  .array(
    fc.tuple(
      fc.constantFrom("", ".", "..", ".."),
      fc.uint8Array({ maxLength: 20 }).map((octets) => octets.filter((octet) => octet !== 13 && octet !== 10)),
    ),
    { maxLength: 8 },
  )
  .map((lines) => concatenated(lines.map(([dots, text]) => concatenated([octetsOf(dots), text, octetsOf("\r\n")]))));

/**
 * Content long enough that it is searched by words and that dots are copied away: runs of text of every length, few or many newlines and dots
 * between them, bare newlines seldom or often.
 */
export const longContents: fc.Arbitrary<Uint8Array> = fc
  .tuple(
    fc.constantFrom(2, 20, 90, 600),
    fc.constantFrom(["\r\n"], ["\r\n.."], ["\r\n", "\r\n.", ".\r\n"], newlinesAndDots),
  )
  .chain(([longest, between]) =>
    fc.array(fc.tuple(fc.nat(longest), anyOf("a\x0e\t\x8d\xff"), fc.constantFrom(...between)), {
      maxLength: Math.trunc(6_000 / (longest + 10)),
      size: "max",
    }),
  )
  .map((runs) => octetsOf(runs.map(([length, text, newline]) => text.repeat(length) + newline).join("")));

/**
 * The octets cut into chunks, empty ones among them; each chunk is a copy in the midst of other octets, as from a
 * pool.
 */
export function chunked(octets: Uint8Array): fc.Arbitrary<Uint8Array[]> {
  const everyCut = Array.from({ length: octets.length }, (_, index) => index);
  const cuts = fc.oneof(
    { weight: 4, arbitrary: fc.array(fc.nat(octets.length), { maxLength: 10 }) },
    { weight: 1, arbitrary: fc.constant(everyCut) },
    { weight: 1, arbitrary: fc.constant([]) },
  );
  return cuts.map((places) => cut(octets, places));
}

/** The octets cut at these indexes. */
export function cut(octets: Uint8Array, places: readonly number[]): Uint8Array[] {
  const edges = [0, ...places.toSorted((a, b) => a - b), octets.length];
  return edges.slice(1).map((edge, index) => pooled(octets.subarray(edges[index], edge)));
}

/** A copy between a dot and a line feed, which nobody may look at, beginning anywhere in a word. */
function pooled(octets: Uint8Array): Uint8Array {
  const start = 1 + (octets.length % 4);
  const pool = new Uint8Array(start + octets.length + 1).fill(10);
  pool[start - 1] = 46;
  pool.set(octets, start);
  return pool.subarray(start, start + octets.length);
}

/** All ways to cut the octets into chunks: two to the power of their number. For short sequences. */
export function* everyChunking(octets: Uint8Array): Generator<Uint8Array[]> {
  const inner = Array.from({ length: Math.max(0, octets.length - 1) }, (_, index) => index + 1);
  for (let choice = 0; choice < 2 ** inner.length; choice++) {
    yield cut(
      octets,
      inner.filter((_, bit) => (choice & (1 << bit)) !== 0),
    );
  }
}

/** Every sequence of up to `length` of these octets. */
export function* everySequence(alphabet: readonly number[], length: number): Generator<Uint8Array> {
  for (let size = 0; size <= length; size++) {
    for (let number = 0; number < alphabet.length ** size; number++) {
      yield Uint8Array.from({ length: size }, (_, place) => {
        return alphabet[Math.trunc(number / alphabet.length ** place) % alphabet.length] ?? 0;
      });
    }
  }
}

export function concatenated(chunks: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(chunks.flatMap((chunk) => [...chunk]));
}

/** Octets and one way to cut them into chunks. */
export function rechunked(octets: fc.Arbitrary<Uint8Array>): fc.Arbitrary<{ whole: Uint8Array; chunks: Uint8Array[] }> {
  return octets.chain((whole) => chunked(whole).map((chunks) => ({ whole, chunks })));
}

/** So many times the cases that a property has by default, for one that takes little time and much luck. */
export function times(factor: number): { readonly numRuns: number } {
  return { numRuns: factor * (fc.readConfigureGlobal().numRuns ?? 100) };
}
