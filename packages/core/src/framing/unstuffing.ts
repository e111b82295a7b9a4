// Received content copied: for dots that stand so close to each other that slices between them would cost more, and for
// bare newlines that are normalised.

import { assembly, mostCopied } from "./assembly.ts";

// Not imported: V8 looks an imported constant up anew at every octet, which makes the loops here two times as slow.
const CR = 0x0d;
const LF = 0x0a;
const DOT = 0x2e;

export interface Unstuffed {
  readonly copy: Uint8Array;
  /** Index behind what was copied. */
  readonly next: number;
  /** Whether a newline in it was bare. */
  readonly bareNewline: boolean;
}

/** Octets from which on handing them to WebAssembly is worth it. */
const worthAssembly = 256;
/** Where copies are made, by one call at a time: an array that V8 knows as a constant is written to half as fast again. */
const copy = new Uint8Array(2 * mostCopied + 1);

/**
 * Copies octets from `from` on, some KB at most, whatever comes but a leading dot that is the final one or may become it. Other
 * leading dots are left out. A bare newline becomes CRLF, or nothing from the first one on is copied. A CR at the very
 * end is copied as it is. What is at `from` must neither be an LF behind a CR, nor a leading dot.
 */
export function unstuffed(octets: Uint8Array, from: number, stopsAtBare: boolean): Unstuffed {
  const end = Math.min(octets.length, from + mostCopied);
  const loops = end - from < worthAssembly ? undefined : assembly();
  return loops?.unstuffed(octets, from, end, stopsAtBare) ?? unstuffedOctets(octets, from, end, stopsAtBare);
}

/** A CRLF that begins before `end` is copied whole, and a dot behind it left out. */
function unstuffedOctets(octets: Uint8Array, from: number, end: number, stopsAtBare: boolean): Unstuffed {
  let bareNewline = false;
  let length = 0;
  let at = from;
  while (at < end) {
    const octet = octets[at] ?? 0;
    copy[length] = octet;
    at += 1;
    length += 1;
    if (octet > CR) continue;
    if (octet === CR) {
      if (at === octets.length) break;
      if (octets[at] === LF) {
        copy[length] = LF;
        at += 1;
        length += 1;
        if (at === octets.length || octets[at] !== DOT) continue;
        if (!isStuffed(octets, at)) break;
        at += 1;
        continue;
      }
    } else if (octet !== LF) continue;
    if (stopsAtBare) {
      at -= 1;
      length -= 1;
      break;
    }
    bareNewline = true;
    copy[length - 1] = CR;
    copy[length] = LF;
    length += 1;
  }
  return { copy: copy.slice(0, length), next: at, bareNewline };
}

/** Whether the leading dot is there to be taken away: it is not the final one, and cannot become it. */
export function isStuffed(octets: Uint8Array, dot: number): boolean {
  if (dot + 2 < octets.length) return octets[dot + 1] !== CR || octets[dot + 2] !== LF;
  return dot + 1 < octets.length && octets[dot + 1] !== CR;
}
