// What differs between two lists of lines, as `diff -u` shows it (after Myers, "An O(ND) Difference Algorithm", 1986).

import type { Line } from "./lines.ts";

/** `-`: as it was recorded; `+`: as it is now. */
export interface Difference {
  readonly mark: " " | "-" | "+";
  readonly line: Line;
}

/** The shortest way from the one to the other, common lines included. */
export function differences(before: readonly Line[], after: readonly Line[]): readonly Difference[] {
  const start = commonLength(before, after, (lines, index) => lines[index]);
  const rest = [before.slice(start), after.slice(start)] as const;
  const end = commonLength(...rest, (lines, index) => lines[lines.length - 1 - index]);
  const middle = shortest(rest[0].slice(0, rest[0].length - end), rest[1].slice(0, rest[1].length - end));
  const common = (lines: readonly Line[]) => lines.map((line): Difference => ({ mark: " ", line }));
  return [...common(after.slice(0, start)), ...middle, ...common(after.slice(after.length - end))];
}

/** Those that differ, with some lines around them; empty where nothing does. */
export function unified(all: readonly Difference[], around = 3): string {
  const near = all.map((_, index) =>
    all.slice(Math.max(0, index - around), index + around + 1).some(({ mark }) => mark !== " "),
  );
  const lines = all.flatMap(({ mark, line }, index) => {
    if (near[index] !== true) return [];
    return [...(index > 0 && near[index - 1] !== true ? ["  ⋮"] : []), `${mark} ${line.text}`];
  });
  return lines.map((line) => `${line}\n`).join("");
}

function commonLength(
  before: readonly Line[],
  after: readonly Line[],
  nth: (lines: readonly Line[], index: number) => Line | undefined,
): number {
  const most = Math.min(before.length, after.length);
  let length = 0;
  while (length < most && nth(before, length)?.key === nth(after, length)?.key) length += 1;
  return length;
}

/** Steps that differ beyond which the rest is shown as wholly another. */
const mostSteps = 2_000;

/** How far each diagonal has been reached after each number of steps. */
type Reach = ReadonlyMap<number, number>;

function shortest(before: readonly Line[], after: readonly Line[]): readonly Difference[] {
  const traces: Reach[] = [];
  let reached: Reach = new Map([[1, 0]]);
  for (let steps = 0; steps <= Math.min(before.length + after.length, mostSteps); steps += 1) {
    traces.push(reached);
    const next = new Map<number, number>();
    for (let diagonal = -steps; diagonal <= steps; diagonal += 2) {
      let x = entry(reached, diagonal, steps);
      while (x < before.length && x - diagonal < after.length && before[x]?.key === after[x - diagonal]?.key) x += 1;
      next.set(diagonal, x);
      if (x >= before.length && x - diagonal >= after.length) return wayBack(traces, before, after);
    }
    reached = next;
  }
  return [
    ...before.map((line) => ({ mark: "-", line }) as const),
    ...after.map((line) => ({ mark: "+", line }) as const),
  ];
}

/** Where a diagonal is entered: by an added line, or by one that was taken away. */
function entry(reached: Reach, diagonal: number, steps: number): number {
  return isAdded(reached, diagonal, steps) ? far(reached, diagonal + 1) : far(reached, diagonal - 1) + 1;
}

function isAdded(reached: Reach, diagonal: number, steps: number): boolean {
  return diagonal === -steps || (diagonal !== steps && far(reached, diagonal - 1) < far(reached, diagonal + 1));
}

function far(reached: Reach, diagonal: number): number {
  return reached.get(diagonal) ?? -1;
}

function wayBack(traces: readonly Reach[], before: readonly Line[], after: readonly Line[]): readonly Difference[] {
  const way: Difference[] = [];
  let [x, y] = [before.length, after.length];
  const put = (mark: Difference["mark"], line: Line | undefined) => line !== undefined && way.unshift({ mark, line });
  for (let steps = traces.length - 1; steps >= 0; steps -= 1) {
    const reached = traces[steps] ?? new Map<number, number>();
    const diagonal = x - y;
    const added = isAdded(reached, diagonal, steps);
    const from = entry(reached, diagonal, steps);
    while (x > from && y > from - diagonal) {
      x -= 1;
      y -= 1;
      put(" ", after[y]);
    }
    if (steps === 0) break;
    if (added) put("+", after[(y -= 1)]);
    else put("-", before[(x -= 1)]);
  }
  return way;
}
