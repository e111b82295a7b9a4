// The client's octets cut into what the server takes them for: commands, SASL responses, content. It changes none of them.

import { DataReader, LineReader, parseCommand, type ParsedCommand } from "@carteiro/core";
import { joined } from "./steps.ts";

export type Piece =
  | { readonly type: "command"; readonly octets: Uint8Array; readonly parsed: ParsedCommand }
  | { readonly type: "response"; readonly octets: Uint8Array }
  /** `ends`: the last of the content, or of a chunk of BDAT. */
  | { readonly type: "content"; readonly octets: Uint8Array; readonly ends: boolean }
  /** What nobody can tell the meaning of. */
  | { readonly type: "blind"; readonly octets: Uint8Array };

/** `blind`: nothing is looked at. `held`: what comes next depends on a reply that has not come. */
export type Mode = "command" | "response" | "content" | "chunk" | "blind" | "held";

/** Far beyond what any server takes for a line. */
const longestLine = 65_536;

export class ClientReader {
  /** What the next octets are. */
  mode: Mode = "command";
  readonly #lines = new LineReader({ limit: longestLine, endless: longestLine });
  readonly #data = new DataReader({ bareNewlines: "normalise" });
  #octets: Uint8Array = new Uint8Array(0);
  /** Index of the first octet that no piece has. */
  #at = 0;
  /** Index of the first octet that has not been looked at: a line that has not ended lies between. */
  #seen = 0;
  #chunkLeft = 0;

  feed(octets: Uint8Array): void {
    this.#octets = joined([this.#octets.subarray(this.#at), octets]);
    this.#seen -= this.#at;
    this.#at = 0;
  }

  /** The next piece that is whole, by the mode as it is now; `undefined` where there is none. */
  next(): Piece | undefined {
    if (this.mode === "held" || (this.#seen >= this.#octets.length && this.mode !== "chunk")) return undefined;
    switch (this.mode) {
      case "command":
      case "response":
        return this.#line(this.mode);
      case "content":
        return this.#content();
      case "chunk":
        return this.#chunk();
      case "blind":
        return { type: "blind", octets: this.#upTo(this.#octets.length) };
    }
  }

  /** Takes a piece back: it comes once more. Of the last one alone. */
  unread({ octets }: Piece): void {
    this.#at -= octets.length;
    this.#seen = this.#at;
  }

  /** All that is left, whatever it is. */
  rest(): Uint8Array {
    return this.#upTo(this.#octets.length);
  }

  /** So many octets of content follow. */
  startChunk(octets: number): void {
    this.mode = "chunk";
    this.#chunkLeft = octets;
  }

  startContent(): void {
    this.mode = "content";
    this.#data.reset();
  }

  /** What was read belongs to another channel. */
  restart(): void {
    this.mode = "command";
    this.#octets = new Uint8Array(0);
    this.#at = this.#seen = 0;
    this.#lines.reset();
  }

  #line(type: "command" | "response"): Piece | undefined {
    const outcome = this.#lines.read(this.#octets, this.#seen);
    this.#seen = this.#lines.next;
    if (outcome === "partial") return undefined;
    // Servers close at a bare CR or LF, or take a line for another than this one.
    if (outcome !== "line") {
      this.mode = "blind";
      return { type: "blind", octets: this.#upTo(this.#octets.length) };
    }
    const parsed = parseCommand(this.#lines.line, { smtputf8: true, utf8: true });
    const octets = this.#upTo(this.#seen);
    return type === "command" ? { type, octets, parsed } : { type, octets };
  }

  #content(): Piece {
    let outcome = this.#data.read(this.#octets, this.#seen);
    while (outcome === "slice") outcome = this.#data.read(this.#octets, this.#data.next);
    return { type: "content", octets: this.#upTo(this.#data.next), ends: outcome === "end" };
  }

  #chunk(): Piece | undefined {
    const length = Math.min(this.#chunkLeft, this.#octets.length - this.#at);
    if (length === 0 && this.#chunkLeft > 0) return undefined;
    this.#chunkLeft -= length;
    return { type: "content", octets: this.#upTo(this.#at + length), ends: this.#chunkLeft === 0 };
  }

  #upTo(end: number): Uint8Array {
    const octets = this.#octets.subarray(this.#at, end);
    this.#at = this.#seen = end;
    return octets;
  }
}
