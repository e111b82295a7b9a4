// A result as a picture: bars of the first metric, with what lies between the least and the most.

import { short } from "./table.ts";
import type { Result } from "./rounds.ts";
import type { Spread } from "./statistics.ts";

const width = 720;
const left = 190;
const right = 130;
const row = 30;
const top = 64;

/** An SVG that is legible on light and on dark. */
export function plot({ title, metrics, contenders }: Result): string {
  const [metric] = metrics;
  const bars = contenders.flatMap(({ contender, figures }) => {
    const seen = metric && figures[metric.name];
    return seen === undefined ? [] : [{ contender, seen }];
  });
  const most = Math.max(...bars.map(({ seen }) => seen.max));
  const scale = (value: number) => Math.round((value / most) * (width - left - right));
  const height = top + bars.length * row + 12;
  const drawn = bars.map(({ contender, seen }, index) => bar(contender, seen, top + index * row, scale));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" font-size="14">`,
    `<rect width="100%" height="100%" fill="#fff"/>`,
    `<text x="16" y="26" font-size="16" font-weight="600">${escaped(title)}</text>`,
    `<text x="16" y="46" fill="#666">${escaped(metric?.unit ?? "")}, ${metric?.better === "more" ? "more" : "less"} is better</text>`,
    ...drawn,
    "</svg>",
    "",
  ].join("\n");
}

function bar(name: string, { median, min, max }: Spread, y: number, scale: (value: number) => number): string {
  const middle = y + 11;
  const fill = name.startsWith("Carteiro") ? "#0b6e4f" : "#b9c2c9";
  return [
    `<text x="${left - 10}" y="${y + 16}" text-anchor="end">${escaped(name)}</text>`,
    `<rect x="${left}" y="${y}" width="${Math.max(1, scale(median))}" height="22" fill="${fill}"/>`,
    `<line x1="${left + scale(min)}" x2="${left + scale(max)}" y1="${middle}" y2="${middle}" stroke="#333"/>`,
    `<text x="${left + scale(max) + 8}" y="${y + 16}">${short(median)}</text>`,
  ].join("");
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
