// Takes away from a list what is not needed for a thing to happen (after Zeller and Hildebrandt, "Simplifying and Isolating
// Failure-Inducing Input", 2002): ever smaller pieces, until no single one can be spared.

/** Gives a list of which `fails` holds, and of which it holds no more with any one item less; or, after `most` tries, one that is not far from it. */
export function ddmin<Item>(
  items: readonly Item[],
  fails: (fewer: readonly Item[]) => boolean,
  most = 5_000,
): readonly Item[] {
  let left = items;
  let tries = 0;
  for (let size = Math.ceil(left.length / 2); size >= 1 && left.length > 0;) {
    const fewer = without(left, size, (candidate) => (tries += 1) <= most && fails(candidate));
    if (fewer === undefined && size === 1) break;
    size = fewer === undefined ? Math.ceil(size / 2) : Math.min(size, Math.ceil(fewer.length / 2));
    left = fewer ?? left;
  }
  return left;
}

/** The list without all pieces of that size that can be spared, or `undefined` where none can. */
function without<Item>(
  items: readonly Item[],
  size: number,
  fails: (fewer: readonly Item[]) => boolean,
): readonly Item[] | undefined {
  let left = items;
  // From the end: what comes later seldom has anything to do with it.
  for (let at = Math.floor((items.length - 1) / size) * size; at >= 0; at -= size) {
    const fewer = [...left.slice(0, at), ...left.slice(at + size)];
    if (fewer.length < left.length && fails(fewer)) left = fewer;
  }
  return left.length < items.length ? left : undefined;
}
