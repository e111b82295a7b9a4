// Content to be sent copied: for dots that stand so close to each other that slices between them would cost more, and for
// bare newlines that are normalised.

import { assembly, mostCopied } from "./assembly.ts";

// Not imported: V8 looks an imported constant up anew at every octet, which makes the loops here two times as slow.
const CR = 0x0d;
const LF = 0x0a;

export interface Stuffed {
  readonly copy: Uint8Array;
  /** Whether a newline in it was bare. */
  readonly bareNewline: boolean;
}

/** Octets from which on handing them to WebAssembly is worth it. */
const worthAssembly = 256;
/** Where copies are made, by one call at a time: an array that V8 knows as a constant is written to half as fast again. */
const copy = new Uint8Array(2 * mostCopied + 3);

/**
 * The octets, one at least and `mostCopied` at most, with CRLF for every newline, and each `dot` at the beginning of a line twice; -1: none is.
 * A CR at the very end is left out. `before` is the octet before them where that is a newline: an LF, or a CR, which was left
 * out and is written now.
 */
export function stuffed(octets: Uint8Array, before: number, dot: number): Stuffed {
  const loops = octets.length < worthAssembly ? undefined : assembly();
  return loops?.stuffed(octets, before, dot) ?? stuffedOctets(octets, before, dot);
}

function stuffedOctets(octets: Uint8Array, before: number, dot: number): Stuffed {
  const end = octets.length;
  let bareNewline = false;
  let length = 0;
  let at = 0;
  if (before === CR) {
    copy[0] = CR;
    copy[1] = LF;
    length = 2;
    if (octets[0] === LF) at = 1;
    else bareNewline = true;
  }
  if ((before === CR || before === LF) && at < end && octets[at] === dot) copy[length++] = dot;
  while (at < end) {
    const octet = octets[at] ?? 0;
    copy[length] = octet;
    at += 1;
    length += 1;
    if (octet > CR) continue;
    if (octet === CR) {
      if (at === end) {
        length -= 1;
        break;
      }
      if (octets[at] === LF) at += 1;
      else bareNewline = true;
    } else if (octet === LF) {
      bareNewline = true;
      copy[length - 1] = CR;
    } else continue;
    copy[length] = LF;
    length += 1;
    if (at === end || octets[at] !== dot) continue;
    copy[length] = dot;
    length += 1;
  }
  return { copy: copy.slice(0, length), bareNewline };
}
