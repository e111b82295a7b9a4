// Octets in several parts made one piece, and room for pieces that are on their way out.

/** The parts, copied into one array in their order. */
export function joinOctets(parts: readonly Uint8Array[]): Uint8Array {
  return copied(parts, new Uint8Array(sum(parts)));
}

/** The same for what is about to be written: see `room`. */
export function joinForWriting(parts: readonly Uint8Array[]): Uint8Array {
  return copied(parts, room(sum(parts)));
}

function sum(parts: readonly Uint8Array[]): number {
  let octets = 0;
  for (let index = 0; index < parts.length; index++) octets += parts[index]?.length ?? 0;
  return octets;
}

function copied(parts: readonly Uint8Array[], whole: Uint8Array): Uint8Array {
  let at = 0;
  for (let index = 0; index < parts.length; index++) {
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
