// The few things that mechanisms do with octets as such.

export const noOctets = new Uint8Array(0);

/** Each octet of the one XOR that of the other; as long as the first. */
export function exclusiveOr(first: Uint8Array, second: Uint8Array): Uint8Array {
  return first.map((octet, index) => octet ^ (second[index] ?? 0));
}

/** Whether they are the same. The time that it takes depends on their lengths alone, not on where they differ. */
export function areSameOctets(first: Uint8Array, second: Uint8Array): boolean {
  let difference = first.length ^ second.length;
  for (let index = 0; index < first.length; index++) difference |= (first[index] ?? 0) ^ (second[index] ?? 0);
  return difference === 0;
}
