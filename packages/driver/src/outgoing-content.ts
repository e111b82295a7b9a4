// What a caller may give as content, as one stream of octets.

export type ContentSource =
  | string
  | Uint8Array
  | AsyncIterable<Uint8Array | string>
  | Iterable<Uint8Array | string>
  | ReadableStream<Uint8Array | string>;

/** Octets handed to the session at once, so that a large array does not hold up the replies. */
const pieceSize = 65_536;

const encoder = new TextEncoder();

/** The content in pieces of 64 KiB at most. Throws `TypeError` at a piece that is neither octets nor text. */
export async function* piecesOf(source: ContentSource): AsyncGenerator<Uint8Array, void> {
  if (typeof source === "string" || source instanceof Uint8Array) return yield* sliced(octetsOf(source));
  for await (const part of source) yield* sliced(octetsOf(part));
}

/** The content's length in octets, where it is known before it is read; line ends that will be normalised may add to it. */
export function knownSize(source: ContentSource): number | undefined {
  if (typeof source === "string") return encoder.encode(source).length;
  return source instanceof Uint8Array ? source.length : undefined;
}

/** Whether content has octets over 127; unknown before it is read is taken for yes. */
export function mayBeEightBit(source: ContentSource): boolean {
  if (typeof source === "string") return Array.from(source).some((character) => character > "\x7f");
  return source instanceof Uint8Array ? source.some((octet) => octet > 0x7f) : true;
}

function octetsOf(part: Uint8Array | string): Uint8Array {
  if (typeof part === "string") return encoder.encode(part);
  if (part instanceof Uint8Array) return part;
  throw new TypeError(`Content of type ${typeof part}: give a string, a Uint8Array, or a stream or iterable of them`);
}

function* sliced(octets: Uint8Array): Generator<Uint8Array, void> {
  for (let from = 0; from < octets.length; from += pieceSize) yield octets.subarray(from, from + pieceSize);
}
