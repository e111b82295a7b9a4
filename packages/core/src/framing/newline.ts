// The search that readers of lines are built on.

import { CR, LF } from "../grammar/abnf.ts";

/** Octets that are looked through one by one: in a line of the usual length that costs less than two searches. */
const usualLine = 128;

/**
 * Index of the first CR or LF from `at` on, or -1. What it is, the caller sees from the octets there: an LF is bare;
 * a CR ends a line if an LF follows, is bare if anything else does, and is undecided at the end of its chunk.
 *
 * Both searches stop at a CRLF, so that going through the lines of a text is linear. It is not so for a text of bare
 * newlines, where one of them runs to the end each time: whoever goes on after a bare one searches in some other way.
 */
export function findNewline(octets: Uint8Array, at: number): number {
  const near = Math.min(octets.length, at + usualLine);
  for (let index = at; index < near; index++) {
    const octet = octets[index];
    if (octet === LF || octet === CR) return index;
  }
  return near === octets.length ? -1 : findFarNewline(octets, near);
}

function findFarNewline(octets: Uint8Array, at: number): number {
  const carriageReturn = octets.indexOf(CR, at);
  const lineFeed = octets.indexOf(LF, at);
  return carriageReturn < 0 || (lineFeed >= 0 && lineFeed < carriageReturn) ? lineFeed : carriageReturn;
}
