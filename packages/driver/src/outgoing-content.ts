// What a caller may give as content, as one stream of octets.

import type { Until } from "./abortable.ts";

export type ContentSource =
  | string
  | Uint8Array
  | AsyncIterable<Uint8Array | string>
  | Iterable<Uint8Array | string>
  | ReadableStream<Uint8Array | string>;

/** Content, or what gives it anew each time that it is to be sent. */
export type MessageContent = ContentSource | (() => ContentSource | Promise<ContentSource>);

/** Octets handed to the session at once, so that a large array does not hold up the replies. */
const pieceSize = 65_536;

const encoder = new TextEncoder();

/** Whether content can be sent more than once, as where it goes in several transactions. */
export function isRereadable(content: MessageContent): boolean {
  const isWhole = typeof content === "string" || content instanceof Uint8Array;
  return isWhole || Array.isArray(content) || typeof content === "function";
}

/** Content that is at hand as a whole as octets; anything else as it is. Throws `TypeError` for what is no content. */
export function encoded(source: ContentSource): Exclude<ContentSource, string> {
  if (typeof source === "string") return encoder.encode(source);
  const given: unknown = source;
  const isObject = typeof given === "object" && given !== null && (!ArrayBuffer.isView(given) || isOctets(given));
  if (isObject && ("getReader" in given || Symbol.asyncIterator in given || Symbol.iterator in given)) return source;
  throw notContent(given);
}

function isOctets(given: unknown): given is Uint8Array {
  return given instanceof Uint8Array;
}

/** Says what to give in place of it. */
function notContent(given: unknown): TypeError {
  const hint = ArrayBuffer.isView(given)
    ? "its octets, new Uint8Array(it.buffer, it.byteOffset, it.byteLength)"
    : given instanceof ArrayBuffer
      ? "new Uint8Array(buffer)"
      : given instanceof Blob
        ? "blob.stream()"
        : "a string, a Uint8Array, or a stream or iterable of them";
  const kind = typeof given === "object" ? (given?.constructor?.name ?? "null") : typeof given;
  return new TypeError(`Content of type ${kind}: give ${hint}`);
}

type Part = Uint8Array | string;
type Source = Exclude<ContentSource, string>;

/** What iterators and readers of streams give. Users' libraries have not all the same name for the second, or none. */
type Next = IteratorResult<Part, unknown> | { readonly done: true; readonly value?: Part | undefined };

/** The parts of a source, one after the other; `return` ends it. */
export interface Parts {
  next(): IteratorResult<Part, unknown> | Promise<Next>;
  return?(): unknown;
}

/** What sources may have besides, by which they are ended. */
type Ending = Source & { readonly [Name in "destroy" | "return" | "cancel"]?: unknown };

/** Hears the errors of a source that emits them, which nobody else may hear. Whether it is one. */
export function watchErrors(source: Source, listener: (error: unknown) => void): boolean {
  if (!("on" in source) || typeof source.on !== "function") return false;
  source.on("error", listener);
  return true;
}

/** Ends a source that nobody has begun to read. Throws nothing, and waits for nothing. */
export function abandon(source: Source): void {
  const ending: Ending = source;
  const close = (["cancel", "destroy", "return"] as const).map((name) => ending[name]).find(isFunction);
  // What is ended before it was opened may say so by an error.
  watchErrors(source, () => undefined);
  if (close !== undefined) quietly(() => close.call(source));
}

function isFunction(member: unknown): member is (this: Source) => unknown {
  return typeof member === "function";
}

function quietly(act: () => unknown): void {
  const acting = (async () => act())();
  acting.catch(() => undefined);
}

/** Content in pieces of 64 KiB at most. */
export class Pieces {
  readonly #parts: Parts;
  #rest: Uint8Array = new Uint8Array(0);
  #done = false;

  constructor(source: Source) {
    this.#parts = partsOf(source);
  }

  /** Rejects as the source does, and with `TypeError` at a part that is neither octets nor text. */
  async next(): Promise<IteratorResult<Uint8Array, undefined>> {
    while (this.#rest.length === 0) {
      const part = await this.#parts.next();
      if (part.done === true) {
        this.#done = true;
        return { done: true, value: undefined };
      }
      this.#rest = octetsOf(part.value);
    }
    const value = this.#rest.subarray(0, pieceSize);
    this.#rest = this.#rest.subarray(pieceSize);
    return { done: false, value };
  }

  /** No more is wanted: ends the source, a stream even while a part is awaited. Throws nothing, and waits for nothing. */
  end(): void {
    if (!this.#done) quietly(() => this.#parts.return?.());
  }
}

export function partsOf(source: Source): Parts {
  if (source instanceof Uint8Array) return [source][Symbol.iterator]();
  if ("getReader" in source) return readerParts(source.getReader());
  const parts = Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
  const { destroy }: Ending = source;
  return typeof destroy === "function" ? streamParts(source, parts, () => destroy.call(source)) : parts;
}

/** Node's stream: its iterator, too, would wait for the part before it ends. */
function streamParts(source: Source, parts: Parts, destroy: () => unknown): Parts {
  watchErrors(source, () => undefined);
  return {
    next: () => parts.next(),
    return: destroy,
  };
}

/** Unlike the iterator of a stream, this can be ended while a read is pending. */
function readerParts(reader: ReadableStreamDefaultReader<Part>): Parts {
  return {
    next: () => reader.read(),
    return: () => reader.cancel(),
  };
}

function octetsOf(part: Uint8Array | string): Uint8Array {
  if (typeof part === "string") return encoder.encode(part);
  if (isOctets(part)) return part;
  throw notContent(part);
}

/** What the function brings, or `undefined` where the end has come before; what it brings later is ended unread. */
export async function contentBefore(until: Until, source: Extract<MessageContent, () => unknown>) {
  const called = (async () => encoded(await source()))();
  const given = await until.race(called);
  if (given === undefined) called.then(abandon, () => undefined);
  return given;
}
