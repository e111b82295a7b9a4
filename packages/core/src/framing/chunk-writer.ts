// Content on its way to the wire by BDAT: collected into chunks, each behind its command (RFC 3030 §2).

import { formatChunk } from "../grammar/chunk.ts";
import { encodeUtf8 } from "../grammar/text.ts";
import { DataWriter, type DataWriterOptions } from "./data-writer.ts";

export interface ChunkWriterOptions {
  /** As for `DataWriter`; `raw`: the octets are no lines at all, and go out as they are (BINARYMIME). */
  readonly bareNewlines: Exclude<DataWriterOptions["bareNewlines"], "pass"> | "raw";
  /** Octets of content in a chunk at most. */
  readonly limit: number;
}

export interface WrittenChunk {
  /** The command, without CRLF. */
  readonly command: string;
  readonly last: boolean;
  /** The command and the octets it announces, to be written as they are. */
  readonly bytes: Uint8Array;
}

/** Octets of the longest command with its CRLF: room for it is left before the content, so that no chunk is copied twice. */
const commandRoom = "BDAT 9007199254740991 LAST\r\n".length;

/**
 * Collects one content. What is given is copied: it may change afterwards. Under `reject` look at `bareNewline` after each
 * `write` and after `finish`: once it is true, the content cannot be ended.
 */
export class ChunkWriter {
  readonly #limit: number;
  readonly #lines: DataWriter | undefined;
  #buffer = new Uint8Array(0);
  #collected = 0;
  /** Octets in the chunk before: what the next one is expected to be. */
  #expected = 0;

  constructor({ bareNewlines, limit }: ChunkWriterOptions) {
    this.#limit = limit;
    this.#lines = bareNewlines === "raw" ? undefined : new DataWriter({ bareNewlines, transparency: false });
  }

  /** Whether a bare CR or LF has come in this content; never for `raw`. */
  get bareNewline(): boolean {
    return this.#lines?.bareNewline === true;
  }

  /** The chunks that are full now, in order. A chunk is kept until more comes, so that the last one is never empty for want of LAST. */
  write(octets: Uint8Array): readonly WrittenChunk[] {
    const full: WrittenChunk[] = [];
    for (const slice of this.#lines?.write(octets) ?? [octets]) this.#collect(slice, full);
    return full;
  }

  /** The same for the whole content, which `measureContent` has found plain. Then call `finish`. */
  writePlain(octets: Uint8Array): readonly WrittenChunk[] {
    const full: WrittenChunk[] = [];
    this.#lines?.writePlain(octets);
    this.#collect(octets, full);
    return full;
  }

  /** What has been collected, as a chunk that is not the last; `undefined` where nothing has been. */
  flush(): WrittenChunk | undefined {
    return this.#collected === 0 ? undefined : this.#chunk(false);
  }

  /** The end of the content has come: what is full with the CRLF that the last line may lack. Then call `last`. */
  finish(): readonly WrittenChunk[] {
    const full: WrittenChunk[] = [];
    if (this.#lines !== undefined) this.#collect(this.#lines.end(), full);
    return full;
  }

  /** The last chunk, with what is left, which may be nothing. */
  last(): WrittenChunk {
    return this.#chunk(true);
  }

  #collect(octets: Uint8Array, full: WrittenChunk[]): void {
    for (let at = 0; at < octets.length;) {
      if (this.#collected === this.#limit) full.push(this.#chunk(false));
      const part = octets.subarray(at, at + this.#limit - this.#collected);
      this.#makeRoom(part.length);
      this.#buffer.set(part, commandRoom + this.#collected);
      this.#collected += part.length;
      at += part.length;
    }
  }

  /** Grown by leaps, so that a small message takes little and a large one is not copied often. */
  #makeRoom(octets: number): void {
    const needed = this.#collected + octets;
    if (commandRoom + needed <= this.#buffer.length) return;
    const wanted = Math.max(needed, 4 * this.#collected, this.#expected);
    const grown = new Uint8Array(commandRoom + Math.min(this.#limit, wanted));
    grown.set(this.#buffer);
    this.#buffer = grown;
  }

  #chunk(last: boolean): WrittenChunk {
    const octets = this.#collected;
    const command = `BDAT ${formatChunk({ octets, last })}`;
    const line = encodeUtf8(`${command}\r\n`);
    if (this.#buffer.length === 0) return { command, last, bytes: line };
    const start = commandRoom - line.length;
    this.#buffer.set(line, start);
    const bytes = this.#buffer.subarray(start, commandRoom + octets);
    this.#buffer = new Uint8Array(0);
    this.#collected = 0;
    this.#expected = octets;
    return { command, last, bytes };
  }
}
