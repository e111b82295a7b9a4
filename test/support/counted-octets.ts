// Octets that count how often they are looked at: the way to hold time linear without a clock.

export interface CountedOctets {
  readonly octets: Uint8Array;
  /** Octets looked at so far, those that a native search or copy passes over included. */
  readonly looks: () => number;
}

/** The same octets, counting. A search counts as far as it goes, and a view as all that it shows, or may show. */
export function countedOctets(source: Uint8Array): CountedOctets {
  let count = 0;
  const wrapped = (target: Uint8Array): Uint8Array =>
    new Proxy(target, {
      get(octets, name) {
        if (name === "indexOf") {
          return (octet: number, from = 0) => {
            const found = octets.indexOf(octet, from);
            count += (found < 0 ? octets.length : found + 1) - from;
            return found;
          };
        }
        if (name === "subarray") {
          return (from: number, to: number) => {
            count += to - from;
            return octets.subarray(from, to);
          };
        }
        if (name === "buffer") count += octets.length;
        if (typeof name === "string" && name !== "length") count += 1;
        const value: unknown = Reflect.get(octets, name, octets);
        return typeof value === "function" ? value.bind(octets) : value;
      },
    });
  return { octets: wrapped(source), looks: () => count };
}
