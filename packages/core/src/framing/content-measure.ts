// What has to be known of content before it is sent, where all of it is at hand.

import { assembly } from "./assembly.ts";

// Not imported: V8 looks an imported constant up anew at every octet, which makes the loops here two times as slow.
const CR = 0x0d;
const LF = 0x0a;

export interface ContentMeasure {
  /** Octets as they are sent, newlines normalised and the last line ended, the dots of transparency not counted (RFC 1870 §6). */
  readonly size: number;
  /** Whether some of them are over 127. */
  readonly eightBit: boolean;
  /** Whether it is known that no newline is bare and no line begins with a dot, so that the content is sent as it is. */
  readonly isPlain: boolean;
}

/** Octets from which on handing them to the search by vectors is worth it. */
const worthVectors = 256;

/** Looks through content that is text of lines. */
export function measureContent(octets: Uint8Array): ContentMeasure {
  const eightBit = octets.length < worthVectors ? undefined : assembly()?.eightBitText(octets);
  if (eightBit === undefined) return measureWords(octets);
  return { size: octets.length + endMissing(octets), eightBit, isPlain: true };
}

/** Octets of the CRLF that the last line lacks. */
function endMissing(octets: Uint8Array): number {
  const last = octets[octets.length - 1];
  return last === CR || last === LF || last === undefined ? 0 : 2;
}

/** Four words at a time are tested for octets that may belong to newlines. */
function measureWords(octets: Uint8Array): ContentMeasure {
  const { length } = octets;
  const head = Math.min(-octets.byteOffset & 3, length);
  const blocks = (length - head) >> 4;
  const words = blocks === 0 ? noWords : new Int32Array(octets.buffer, octets.byteOffset + head, blocks * 4);
  let all = 0;
  let bare = bareNewlines(octets, 0, head);
  for (let at = 0; at < words.length; at += 4) {
    const a = words[at] ?? 0;
    const b = words[at + 1] ?? 0;
    const c = words[at + 2] ?? 0;
    const d = words[at + 3] ?? 0;
    all |= a | b | c | d;
    if (((lows(a) | lows(b) | lows(c) | lows(d)) & highBits) === 0) continue;
    for (let word = at; word < at + 4; word++) {
      if ((lows(words[word] ?? 0) & highBits) === 0) continue;
      bare += bareNewlines(octets, head + word * 4, head + word * 4 + 4);
    }
  }
  const tail = head + blocks * 16;
  bare += bareNewlines(octets, tail, length);
  const eightBit = (all & highBits) !== 0 || hasEightBit(octets, 0, head) || hasEightBit(octets, tail, length);
  return { size: length + bare + endMissing(octets), eightBit, isPlain: false };
}

const noWords = new Int32Array(0);
const highBits = 0x80808080 | 0;
/** In each place of a word the octet behind the newlines: below it are few others. */
const behindNewlines = 0x0e0e0e0e;

/** Among `highBits` it has one where an octet of the word is below `behindNewlines`. */
function lows(word: number): number {
  return (word - behindNewlines) & ~word;
}

/** CRs and LFs that stand alone: each becomes one octet longer. */
function bareNewlines(octets: Uint8Array, from: number, to: number): number {
  let bare = 0;
  for (let at = from; at < to; at++) {
    const octet = octets[at] ?? 0;
    if (octet > CR) continue;
    if (octet === LF ? octets[at - 1] !== CR : octet === CR && octets[at + 1] !== LF) bare += 1;
  }
  return bare;
}

function hasEightBit(octets: Uint8Array, from: number, to: number): boolean {
  let all = 0;
  for (let at = from; at < to; at++) all |= octets[at] ?? 0;
  return all > 127;
}
