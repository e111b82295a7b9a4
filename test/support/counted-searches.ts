// How far native searches go, wherever in the product they are called: the way to hold time linear without a clock.

import { vi } from "vitest";

/** From now on until `vi.restoreAllMocks()`: the octets that `indexOf` has passed over in all typed arrays. */
export function countedSearches(): () => number {
  let count = 0;
  const prototype = Object.getPrototypeOf(Uint8Array.prototype) as Uint8Array;
  const search = Function.prototype.call.bind(Reflect.get(prototype, "indexOf"));
  vi.spyOn(prototype, "indexOf").mockImplementation(function (this: Uint8Array, octet: number, from = 0) {
    const found: number = search(this, octet, from);
    count += (found < 0 ? this.length : found + 1) - from;
    return found;
  });
  return () => count;
}
