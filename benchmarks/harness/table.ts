// A result as text.

import type { ContenderResult, Result, Verdict } from "./rounds.ts";
import type { Spread } from "./statistics.ts";

/** The figures of all contenders, and what became of the targets. */
export function table({ name, title, metrics, rounds, repeated, busy, contenders, verdicts }: Result): string {
  const head = ["", ...metrics.map(({ unit }) => unit)];
  const rows = contenders.map((one) => [label(one), ...metrics.map((metric) => figure(one, metric.name))]);
  const noise = [
    ...(repeated > 0 ? [`${repeated} run again on a busy machine`] : []),
    ...(busy > 0 ? [`${busy} busy all the same`] : []),
  ];
  return [
    `\n${title} (${name}; medians of ${[`${rounds} rounds`, ...noise].join(", ")})`,
    ...aligned([head, ...rows]),
    ...verdicts.map(sentence),
  ].join("\n");
}

function label({ contender, version }: ContenderResult): string {
  return version === undefined ? contender : `${contender} ${version}`;
}

function figure({ missing, figures }: ContenderResult, metric: string): string {
  if (missing !== undefined) return missing;
  const seen = figures[metric];
  return seen === undefined ? "" : `${short(seen.median)} (${range(seen)})`;
}

function sentence({ metric, contender, against, asked, seen, met }: Verdict): string {
  const what = against === undefined ? `${contender}, ${metric}` : `${contender} to ${against}, ${metric}`;
  return `${met ? "met   " : "MISSED"} ${what}: ${short(seen.median)} (${range(seen)}), asked ${asked}`;
}

function range({ min, max }: Spread): string {
  return `${short(min)}–${short(max)}`;
}

/** Three digits that count. */
export function short(value: number): string {
  if (value >= 100) return Math.round(value).toLocaleString("en");
  return value.toPrecision(3);
}

function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}
