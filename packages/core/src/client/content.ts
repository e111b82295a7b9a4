// The content of a transaction on its way out: after DATA as one stream, or by BDAT in chunks. Both are written to alike.

import { ChunkWriter, type ChunkWriterOptions, type WrittenChunk } from "../framing/chunk-writer.ts";
import { DataWriter, type DataWriterOptions } from "../framing/data-writer.ts";
import { encodeUtf8 } from "../grammar/text.ts";
import type { Instant } from "../session.ts";

/** Ends content of no octets (RFC 2920 §3.1). */
export const emptyContent = encodeUtf8(".\r\n");

export interface OutgoingContent {
  /** Whether a bare CR or LF has come in it. */
  readonly bareNewline: boolean;
  write(bytes: Uint8Array, now: Instant): void;
  /** All of it, which `measureContent` has found plain. */
  writePlain(bytes: Uint8Array): void;
  /** The application has handed over all of it. What ends it is not written yet. */
  finish(): void;
  writeEnd(): void;
}

export class DataContent implements OutgoingContent {
  readonly #write: (bytes: Uint8Array) => void;
  readonly #writer: DataWriter;
  #end: Uint8Array = emptyContent;

  constructor(write: (bytes: Uint8Array) => void, bareNewlines: DataWriterOptions["bareNewlines"]) {
    this.#write = write;
    this.#writer = new DataWriter({ bareNewlines });
  }

  get bareNewline(): boolean {
    return this.#writer.bareNewline;
  }

  write(bytes: Uint8Array): void {
    for (const slice of this.#writer.write(bytes)) this.#write(slice);
  }

  writePlain(bytes: Uint8Array): void {
    this.#writer.writePlain(bytes);
    if (bytes.length > 0) this.#write(bytes);
  }

  finish(): void {
    this.#end = this.#writer.end();
  }

  writeEnd(): void {
    this.#write(this.#end);
  }
}

/** Milliseconds after which content leaves although its chunk is not full: a server that hears nothing gives up. */
const longestSilence = 10_000;

export class ChunkedContent implements OutgoingContent {
  readonly #write: (chunk: WrittenChunk) => void;
  readonly #writer: ChunkWriter;
  /** When a chunk left last. */
  #left: Instant;

  constructor(write: (chunk: WrittenChunk) => void, options: ChunkWriterOptions, now: Instant) {
    this.#write = write;
    this.#writer = new ChunkWriter(options);
    this.#left = now;
  }

  get bareNewline(): boolean {
    return this.#writer.bareNewline;
  }

  write(bytes: Uint8Array, now: Instant): void {
    const chunks = this.#writer.write(bytes);
    for (const chunk of chunks) this.#write(chunk);
    const early = chunks.length === 0 && now - this.#left >= longestSilence ? this.#writer.flush() : undefined;
    if (early !== undefined) this.#write(early);
    if (chunks.length > 0 || early !== undefined) this.#left = now;
  }

  writePlain(bytes: Uint8Array): void {
    for (const chunk of this.#writer.writePlain(bytes)) this.#write(chunk);
  }

  finish(): void {
    for (const chunk of this.#writer.finish()) this.#write(chunk);
  }

  writeEnd(): void {
    this.#write(this.#writer.last());
  }
}
