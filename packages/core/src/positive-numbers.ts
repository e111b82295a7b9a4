// The one rule that all limits and timeouts share.

/** Gives the numbers back. Throws `RangeError`, naming the one that is not greater than 0; those named in `orZero` may be 0. */
export function positiveNumbers<Numbers extends { readonly [Name in keyof Numbers]: number }>(
  numbers: Numbers,
  where: string,
  orZero: readonly (keyof Numbers & string)[] = [],
): Numbers {
  for (const [name, value] of Object.entries<number>(numbers)) {
    const mayBeZero = orZero.some((allowed) => allowed === name);
    if (!(value > 0) && !(mayBeZero && value === 0)) {
      throw new RangeError(
        `${where}.${name} is ${value}: give a number greater than 0, or leave it out for the default`,
      );
    }
  }
  return numbers;
}
