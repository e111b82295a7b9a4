// The server's octets cut into replies. It changes none of them.

import { LineReader, parseReplyLine } from "@carteiro/core";
import { joined } from "./steps.ts";

export interface RawReply {
  readonly octets: Uint8Array;
  /** 0 where it is no reply. */
  readonly code: number;
}

const longestLine = 65_536;

export class ReplyStream {
  readonly #lines = new LineReader({ limit: longestLine, endless: longestLine });
  #begun: Uint8Array = new Uint8Array(0);

  /** The replies that are whole with these octets. */
  *read(octets: Uint8Array): Generator<RawReply> {
    let from = 0;
    for (let at = 0; at < octets.length; at = this.#lines.next) {
      const outcome = this.#lines.read(octets, at);
      if (outcome === "partial") break;
      const parsed = outcome === "line" ? parseReplyLine(this.#lines.line) : undefined;
      if (parsed?.ok === true && !parsed.value.last) continue;
      yield {
        octets: joined([this.rest(), octets.subarray(from, this.#lines.next)]),
        code: parsed?.ok === true ? parsed.value.code : 0,
      };
      from = this.#lines.next;
    }
    this.#begun = joined([this.#begun, octets.subarray(from)]);
  }

  /** What has begun and not ended. */
  rest(): Uint8Array {
    const begun = this.#begun;
    this.#begun = new Uint8Array(0);
    return begun;
  }

  restart(): void {
    this.rest();
    this.#lines.reset();
  }
}
