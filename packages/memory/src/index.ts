// @carteiro/memory: an in-memory transport under a virtual clock, and client and server joined by it.

export { features } from "./features.ts";
export { pair, type Pair, type PairOptions } from "./pair.ts";
export { pipe, type Address, type Direction, type MemoryEnd, type PipeOptions } from "./pipe.ts";
export { VirtualClock, type RunOptions } from "./virtual-clock.ts";
export { Way, type WayOptions } from "./way.ts";
