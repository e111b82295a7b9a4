// How much memory something holds, with all that nobody holds collected first.

import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** Octets on the heap and in arrays that somebody still holds. */
export function heldMemory(): number {
  // Arrays are freed one collection after the objects that wrapped them.
  collect();
  collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}
