// The PROXY protocol's header out of a stream of octets, of either version, before the greeting and before TLS.

import { CR, LF } from "../grammar/abnf.ts";
import type { Parsed } from "../grammar/parsed.ts";
import type { ProxyHeader } from "../grammar/proxy-header.ts";
import { parseProxyV1, proxyV1Limit } from "../grammar/proxy-v1.ts";
import {
  isProxyV2Command,
  parseProxyV2,
  proxyV2FixedLength,
  proxyV2Length,
  proxyV2Signature,
} from "../grammar/proxy-v2.ts";
import { encodeUtf8 } from "../grammar/text.ts";

/**
 * What `ProxyReader.read` came upon:
 * - `header`: it is whole, in `header`; `next` is where the client's own octets begin.
 * - `partial`: the chunk is consumed, and the header has not ended.
 * - `malformed`: this is no header, or one beyond the limit, for the reason in `problem`. Nothing more is read until
 *   `reset`: close, and answer nothing.
 */
export type ProxyOutcome = "header" | "partial" | "malformed";

export interface ProxyReaderOptions {
  /** Octets in a header of version 2; one of version 1 has 107 at most by its nature. Default: `proxyHeaderLimit`. */
  readonly limit?: number;
}

/** Far more than proxies send: without TLVs a header has 52 octets, and a certificate's names add some hundred. */
export const proxyHeaderLimit = 4_096;

const signatureV1 = encodeUtf8("PROXY ");

/**
 * Reads one header. What comes of it depends on the octets alone, not on their division into chunks; what cannot
 * become a header is known at its first octet that does not fit. Holds no more than the limit.
 *
 * Only for peers that are known to be proxies: anyone else could claim any address with it.
 */
export class ProxyReader {
  readonly #limit: number;
  #buffer = new Uint8Array(proxyV1Limit);
  #length = 0;
  /** Octets of the whole header where they are known. */
  #total = 0;
  #header: ProxyHeader | undefined;
  #problem = "";
  #next = 0;

  constructor(options: ProxyReaderOptions = {}) {
    this.#limit = options.limit ?? proxyHeaderLimit;
  }

  /** The header, after `header`. Its octet arrays are the caller's to keep. */
  get header(): ProxyHeader | undefined {
    return this.#header;
  }

  /** What is wrong, in English, after `malformed`. */
  get problem(): string {
    return this.#problem;
  }

  /** Index in the chunk after what the last `read` consumed. */
  get next(): number {
    return this.#next;
  }

  /** Octets held of a header that has not ended yet. */
  get held(): number {
    return this.#length;
  }

  /** Forgets everything: the next octet begins a header. */
  reset(): void {
    this.#startHeader();
    this.#header = undefined;
    this.#problem = "";
  }

  /** Reads on in a chunk from the index `from`. After `header`, another one would begin. */
  read(octets: Uint8Array, from: number): ProxyOutcome {
    this.#next = from;
    if (this.#problem !== "") return "malformed";
    while (this.#next < octets.length) {
      const outcome = this.#total > 0 ? this.#readRest(octets) : this.#readOctet(octets[this.#next] ?? 0);
      if (outcome !== "partial") return outcome;
    }
    return "partial";
  }

  /** The line of version 1 and the beginning of version 2, octet by octet. */
  #readOctet(octet: number): ProxyOutcome {
    const at = this.#length;
    this.#buffer[at] = octet;
    this.#length += 1;
    this.#next += 1;
    const isVersion2 = this.#buffer[0] === proxyV2Signature[0];
    const signature = isVersion2 ? proxyV2Signature : signatureV1;
    if (at < signature.length) {
      return octet === signature[at] ? "partial" : this.#malformed("This is no PROXY header");
    }
    if (!isVersion2) return this.#readLine(octet, at);
    if (at === signature.length && !isProxyV2Command(octet)) {
      return this.#malformed("The PROXY header has an unknown version or command");
    }
    return this.#length === proxyV2FixedLength ? this.#readLength() : "partial";
  }

  #readLine(octet: number, at: number): ProxyOutcome {
    const afterCarriageReturn = this.#buffer[at - 1] === CR;
    if ((octet === LF) !== afterCarriageReturn) return this.#malformed("The PROXY line has a bare CR or LF");
    if (octet === LF) return this.#ended(parseProxyV1(this.#buffer.subarray(0, at - 1)));
    return this.#length < proxyV1Limit ? "partial" : this.#malformed("The PROXY line is too long");
  }

  #readLength(): ProxyOutcome {
    this.#total = proxyV2Length(this.#buffer);
    if (this.#total > this.#limit) return this.#malformed("The PROXY header is longer than is allowed");
    if (this.#total === this.#length) return this.#parseV2();
    const whole = new Uint8Array(this.#total);
    whole.set(this.#buffer.subarray(0, this.#length));
    this.#buffer = whole;
    return "partial";
  }

  /** The rest of version 2, as much of it as is in the chunk. */
  #readRest(octets: Uint8Array): ProxyOutcome {
    const end = Math.min(octets.length, this.#next + this.#total - this.#length);
    const part = octets.subarray(this.#next, end);
    this.#buffer.set(part, this.#length);
    this.#length += part.length;
    this.#next = end;
    return this.#length === this.#total ? this.#parseV2() : "partial";
  }

  #parseV2(): ProxyOutcome {
    return this.#ended(parseProxyV2(this.#buffer.subarray(0, this.#total)));
  }

  #ended(parsed: Parsed<ProxyHeader>): ProxyOutcome {
    if (!parsed.ok) return this.#malformed(parsed.problem);
    this.#startHeader();
    this.#header = parsed.value;
    return "header";
  }

  #malformed(problem: string): "malformed" {
    this.reset();
    this.#problem = problem;
    return "malformed";
  }

  #startHeader(): void {
    // Values of the header may be views of the old buffer.
    this.#buffer = new Uint8Array(proxyV1Limit);
    this.#length = this.#total = 0;
  }
}
