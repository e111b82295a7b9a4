// The search that every reader and writer of content is built on: how far is it but text?

import { assembly } from "./assembly.ts";

// Not imported: V8 looks an imported constant up anew at every octet, which makes the loops here two times as slow.
const CR = 0x0d;
const LF = 0x0a;

/** Where words are read as numbers, this decides which octet of one comes first. */
const isLittleEndian = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;

/** Octets that are looked at one by one in the time that it takes to make a view of them as words. */
const worthAView = 64;

/** Octets that words are tested for in the time that it takes to hand them to the search by vectors; and how many are worth that. */
const nearby = 128;
const worthVectors = 256;

/**
 * Index from `from` on of the first octet that is more than text: a CR or LF that is no part of a CRLF, also a CR at the
 * very end, or a `dot` right behind a CRLF. The length where there is none. For `dot` -1 no octet is a dot.
 *
 * Going through a text is linear: only the last octet looked at is looked at again by whoever goes on from there, and what
 * was copied to be looked at is at most four times what has been passed.
 */
export function textEnd(octets: Uint8Array, from: number, dot: number): number {
  const { length } = octets;
  if (length - from < worthAView) return orLength(searchOctets(octets, from, length, dot), length);
  const vectors = length - from < worthVectors ? undefined : assembly();
  if (vectors === undefined) return orLength(searchWords(octets, from, length, dot), length);
  // A dot or newline that stops the search is often near the one before it.
  const near = from === 0 ? -1 : searchWords(octets, from, from + nearby, dot);
  return near < 0 ? vectors.textEnd(octets, from === 0 ? 0 : from + nearby, dot) : near;
}

function orLength(index: number, length: number): number {
  return index < 0 ? length : index;
}

/** Of the octets from `from` up to `to`; a CRLF may end behind. -1 where there is none. */
function searchOctets(octets: Uint8Array, from: number, to: number, dot: number): number {
  for (let at = from; at < to; at++) {
    const octet = octets[at] ?? 0;
    if (octet > CR) continue;
    if (octet === CR) {
      if (at + 1 === octets.length || octets[at + 1] !== LF) return at;
      if (at + 2 < octets.length && octets[at + 2] === dot) return at + 2;
    } else if (octet === LF && (at === 0 || octets[at - 1] !== CR)) return at;
  }
  return -1;
}

/**
 * The same. Eight words of four octets each are tested at once for octets up to CR. Native `indexOf` would have to be called twice a
 * line, and costs more than going through the line so.
 */
function searchWords(octets: Uint8Array, from: number, to: number, dot: number): number {
  if (!isLittleEndian) return searchOctets(octets, from, to, dot);
  const start = from + (-(octets.byteOffset + from) & 3);
  const head = searchOctets(octets, from, start, dot);
  if (head >= 0) return head;
  // Two octets are left behind all words, so that a CRLF and a dot can be looked for without asking whether they are there.
  const words = new Int32Array(
    octets.buffer,
    octets.byteOffset + start,
    (Math.min(to, octets.length - 2) - start) >> 2,
  );
  const last = words.length - 7;
  let word = 0;
  for (; word < last; word += 8) {
    const a = lowOctets(words[word] ?? 0);
    const b = lowOctets(words[word + 1] ?? 0);
    const c = lowOctets(words[word + 2] ?? 0);
    const d = lowOctets(words[word + 3] ?? 0);
    const e = lowOctets(words[word + 4] ?? 0);
    const f = lowOctets(words[word + 5] ?? 0);
    const g = lowOctets(words[word + 6] ?? 0);
    const h = lowOctets(words[word + 7] ?? 0);
    if ((a | b | c | d | e | f | g | h) === 0) continue;
    const at = start + word * 4;
    let low = bits(a) | (bits(b) << 4) | (bits(c) << 8) | (bits(d) << 12);
    low |= (bits(e) << 16) | (bits(f) << 20) | (bits(g) << 24) | (bits(h) << 28);
    do {
      const lowest = low & -low;
      const found = at + 31 - Math.clz32(lowest);
      const octet = octets[found];
      if (octet === CR) {
        if (octets[found + 1] !== LF) return found;
        if (octets[found + 2] === dot) return found + 2;
        low &= ~(lowest * 3);
      } else {
        if (octet === LF && (found === 0 || octets[found - 1] !== CR)) return found;
        low &= ~lowest;
      }
    } while (low !== 0);
  }
  return searchOctets(octets, start + word * 4, to, dot);
}

/** The highest bit of each octet that is at most CR; perhaps also of one of 0x0E next to such a one. */
function lowOctets(word: number): number {
  return (word - 0x0e0e0e0e) & ~word & 0x80808080;
}

/** The highest bit of each octet, side by side. */
function bits(word: number): number {
  return Math.imul(word >>> 7, 0x10204080) >>> 28;
}
