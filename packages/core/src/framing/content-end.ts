// The search for the end of content that is thrown away: nothing counts but CRLF.CRLF (RFC 5321 §4.1.1.4).

import { assembly } from "./assembly.ts";

// Not imported: V8 looks an imported constant up anew at every octet, which makes the loops here two times as slow.
const CR = 0x0d;
const LF = 0x0a;
const DOT = 0x2e;

/** Octets from which on handing them to the search by vectors is worth it. */
const worthVectors = 256;

/** Index behind the first CRLF.CRLF that stands, whole, from `from` on; -1 where none does. */
export function contentEnd(octets: Uint8Array, from: number): number {
  const vectors = octets.length - from < worthVectors ? undefined : assembly();
  return vectors === undefined ? searchOctets(octets, from) : vectors.contentEnd(octets, from);
}

function searchOctets(octets: Uint8Array, from: number): number {
  for (let at = from + 2; at < octets.length - 2; at++) {
    if (octets[at] !== DOT) continue;
    if (octets[at - 2] !== CR || octets[at - 1] !== LF) continue;
    if (octets[at + 1] === CR && octets[at + 2] === LF) return at + 3;
  }
  return -1;
}
