// PROXY headers octet by octet, and what the reader makes of octets that come in pieces.

import { ProxyReader, proxyHeaderLimit } from "../../packages/core/src/framing/proxy-reader.ts";
import type { ProxyHeader } from "../../packages/core/src/grammar/proxy-header.ts";

export interface Read {
  readonly outcome: string;
  readonly header?: ProxyHeader | undefined;
  readonly problem?: string;
  /** Octets up to the header's end, where there is one. */
  readonly end?: number;
}

export function readProxy(pieces: readonly Uint8Array[], limit?: number): Read {
  const reader = new ProxyReader(limit === undefined ? {} : { limit });
  let consumed = 0;
  for (const piece of pieces) {
    const outcome = reader.read(piece, 0);
    if (reader.held > (limit ?? proxyHeaderLimit)) throw new Error("more held than allowed");
    if (outcome === "header") return { outcome, header: reader.header, end: consumed + reader.next };
    if (outcome === "malformed") return { outcome, problem: reader.problem };
    if (reader.next !== piece.length) throw new Error("partial before the end of the octets");
    consumed += piece.length;
  }
  return { outcome: "partial" };
}

export const signature = [13, 10, 13, 10, 0, 13, 10, 81, 85, 73, 84, 10];

/** A header of version 2 from its numbers: the octets for command and family, and what follows the length. */
export function v2(command: number, family: number, rest: readonly number[], length = rest.length): Uint8Array {
  return Uint8Array.of(...signature, command, family, length >> 8, length & 0xff, ...rest);
}

export const tcp4 = [192, 0, 2, 1, 192, 0, 2, 2, 0xdc, 0x04, 0, 25];

export function withTlvs(...tlvs: readonly number[][]): Uint8Array {
  return v2(0x21, 0x11, [...tcp4, ...tlvs.flat()]);
}

export const proxied = {
  version: 2,
  command: "proxy",
  transport: "tcp4",
  source: { address: "192.0.2.1", port: 56_324 },
  destination: { address: "192.0.2.2", port: 25 },
  tlvs: {},
} as const;

/** Each character as the octet of its number. */
export function latin1(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
