// Octets in several parts made one piece, and room for pieces that are on their way out.

/** The parts, copied into one array in their order. */
export function joinOctets(parts: readonly Uint8Array[]): Uint8Array {
  return copied(parts, 0, parts.length, new Uint8Array(sum(parts, 0, parts.length)));
}

type Parts = readonly (Uint8Array | undefined)[];

/** The same for what is about to be written, and for the parts between two indexes: see `room`. */
export function joinForWriting(parts: Parts, from = 0, to = parts.length): Uint8Array {
  return copied(parts, from, to, room(sum(parts, from, to)));
}

/** Octets between two indexes in memory of their own. The `slice` of a Node Buffer gives but a view. */
export function copyOf(octets: Uint8Array, from: number, to: number): Uint8Array {
  return joinOctets([octets.subarray(from, to)]);
}

function sum(parts: Parts, from: number, to: number): number {
  let octets = 0;
  for (let index = from; index < to; index++) octets += parts[index]?.length ?? 0;
  return octets;
}

function copied(parts: Parts, from: number, to: number, whole: Uint8Array): Uint8Array {
  let at = 0;
  for (let index = from; index < to; index++) {
    const part = parts[index];
    if (part === undefined) continue;
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

const blockSize = 65_536;
/** Octets up to which a piece is cut from a block. */
const small = 4_096;
let block = new Uint8Array(0);
let used = 0;

/**
 * An array of zeros that leaves soon. Small ones are cut from a common block: an array of more than 64 octets with memory of
 * its own costs V8 a call of `malloc`, and a burden on the garbage collector, as much as all else that is done for a reply.
 */
export function room(octets: number): Uint8Array {
  if (octets > small) return new Uint8Array(octets);
  if (used + octets > block.length) {
    block = new Uint8Array(blockSize);
    used = 0;
  }
  const from = used;
  used += octets;
  return block.subarray(from, used);
}
