// The one rule that all limits and timeouts share.

export interface NumberRules<Name extends string> {
  /** What the numbers are called together. */
  readonly where: string;
  /** Those that may be 0. */
  readonly orZero?: readonly Name[];
  /** Whether they count something, so that fractions make no sense. Default: no. */
  readonly whole?: boolean;
  /** Those that need not be whole all the same. */
  readonly orFraction?: readonly Name[];
}

/**
 * The defaults with what is given in their places; what is `undefined` is not given. Throws `RangeError`, which names it, for
 * a number that is not greater than 0 or not whole, and for a name that is not known.
 */
export function positiveNumbers<Numbers extends { readonly [Name in keyof Numbers]: number }>(
  defaults: Numbers,
  given: { readonly [Name in keyof Numbers]?: Numbers[Name] | undefined } | undefined,
  rules: NumberRules<keyof Numbers & string>,
): Numbers {
  const { where } = rules;
  const values: [string, unknown][] = Object.entries(given ?? {});
  for (const [name, value] of values) {
    if (!Object.hasOwn(defaults, name))
      throw new RangeError(`${where}.${name} is not known: known are ${Object.keys(defaults).join(", ")}`);
    if (value !== undefined) check(name, value, rules);
  }
  return { ...defaults, ...Object.fromEntries(values.filter(([, value]) => value !== undefined)) };
}

function check(
  name: string,
  value: unknown,
  { where, orZero = [], whole = false, orFraction = [] }: NumberRules<string>,
) {
  const mustBeWhole = whole && !orFraction.includes(name);
  const isWhole = !mustBeWhole || Number.isInteger(value) || value === Infinity;
  const isPositive = typeof value === "number" && (value > 0 || (orZero.includes(name) && value === 0));
  if (isPositive && isWhole) return;
  const number = mustBeWhole ? "whole number" : "number";
  const range = orZero.includes(name) ? "of 0 or more" : "greater than 0";
  throw new RangeError(
    `${where}.${name} is ${String(value)}: give a ${number} ${range}, or leave it out for the default`,
  );
}
