// What a caller may give as content, as one stream of octets.

export type ContentSource =
  | string
  | Uint8Array
  | AsyncIterable<Uint8Array | string>
  | Iterable<Uint8Array | string>
  | ReadableStream<Uint8Array | string>;

/** Octets handed to the session at once, so that a large array does not hold up the replies. */
const pieceSize = 65_536;

const CR = 13;
const LF = 10;

const encoder = new TextEncoder();

/** Content that is at hand as a whole as octets; anything else as it is. */
export function encoded(source: ContentSource): Exclude<ContentSource, string> {
  return typeof source === "string" ? encoder.encode(source) : source;
}

/**
 * The content in pieces of 64 KiB at most. Throws `TypeError` at a piece that is neither octets nor text. To end it early
 * ends the source too: a stream is cancelled.
 */
export async function* piecesOf(source: Exclude<ContentSource, string>): AsyncGenerator<Uint8Array, void> {
  if (source instanceof Uint8Array) return yield* sliced(source);
  for await (const part of source) yield* sliced(octetsOf(part));
}

export interface Measure {
  /** Octets as they are sent, line ends normalised, the dots of transparency not counted (RFC 1870 §6). */
  readonly size: number;
  /** Whether some of them are over 127. */
  readonly eightBit: boolean;
}

export function measure(octets: Uint8Array): Measure {
  let missing = 0;
  let all = 0;
  let last = LF;
  for (const octet of octets) {
    if (octet === LF ? last !== CR : last === CR) missing += 1;
    all |= octet;
    last = octet;
  }
  const end = last === CR ? 1 : last === LF ? 0 : 2;
  return { size: octets.length + missing + end, eightBit: all > 127 };
}

function octetsOf(part: Uint8Array | string): Uint8Array {
  if (typeof part === "string") return encoder.encode(part);
  if (part instanceof Uint8Array) return part;
  throw new TypeError(`Content of type ${typeof part}: give a string, a Uint8Array, or a stream or iterable of them`);
}

function* sliced(octets: Uint8Array): Generator<Uint8Array, void> {
  for (let from = 0; from < octets.length; from += pieceSize) yield octets.subarray(from, from + pieceSize);
}
