// A recorded session as one page of HTML: the dialogue beside the state chart, and a slider through time. It needs nothing
// from anywhere else.

import { clientMachine, serverMachine } from "@carteiro/core/machines";
import { linesOf, type Line } from "../recording/lines.ts";
import { writtenValue } from "../recording/notation.ts";
import { parseRecording, RecordingError, type Recording } from "../recording/recording.ts";
import { layout, type Box, type ChartNode, type Layout } from "./chart-layout.ts";
import { pageScript } from "./page-script.ts";
import { pageStyle } from "./page-style.ts";

/** One step: what was said, told or decided, how many milliseconds after the beginning, and where it led. */
export interface TraceStep {
  readonly kind: Line["kind"];
  readonly text: string;
  readonly at: number;
  readonly state: string;
}

/** Lines that came together beyond which the rest of them are but counted: content, as a rule. */
const mostLines = 16;
const longest = 2_000;
/** The same character so often says no more than that: blanks in the place of secrets, as a rule. */
const mostAlike = 24;

/** Throws `RecordingError` for a text that is no recording, or one of a session that did nothing. */
export function traceSteps(given: Recording | string): readonly TraceStep[] {
  const recording = typeof given === "string" ? parseRecording(given) : given;
  const runs = runsOf(linesOf(recording));
  if (runs.length === 0) throw new RecordingError("Nothing happened in this session");
  return runs.map(([first, ...more]) => {
    const { kind, at, state } = more.at(-1) ?? first;
    return { kind, text: shortened([first, ...more].map(({ text }) => text)), at: at - recording.now, state };
  });
}

/** The page; everything in it that peers have said is text and nothing else. Throws as `traceSteps` does. */
export function tracePage(given: Recording | string): string {
  const recording = typeof given === "string" ? parseRecording(given) : given;
  const steps = traceSteps(recording);
  const { role } = recording;
  const chart = layout((role === "server" ? serverMachine : clientMachine).root as unknown as ChartNode);
  const title = `The ${role}'s session`;
  const last = steps.at(-1)?.at ?? 0;
  const about = `${writtenValue(recording.options["hostname"])} · ${steps.length} steps · ${(last / 1_000).toFixed(3)} s`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<title>${escaped(title)}</title>
<style>${pageStyle}</style>
</head>
<body>
<header><h1>${escaped(title)}</h1><span>${escaped(about)}</span></header>
<ol id="dialogue" class="card" aria-label="Dialogue"></ol>
<section id="chart" class="card">
${drawing(chart)}
<div id="about" aria-live="polite"><i id="rfc"></i><b id="state"></b><p id="description"></p></div>
</section>
<footer class="card">
<button id="back" type="button" aria-label="Back">◀</button>
<button id="play" type="button">Play</button>
<button id="on" type="button" aria-label="On">▶</button>
<input id="slider" type="range" min="0" value="0" aria-label="Step">
<kbd>←</kbd><kbd>→</kbd>
<output id="place"></output>
</footer>
<script id="trace" type="application/json">${JSON.stringify({ steps }).replaceAll("<", "\\u003c")}</script>
<script>${pageScript}</script>
</body>
</html>
`;
}

function drawing({ width, height, boxes }: Layout): string {
  const tip = `<defs><marker id="tip" viewBox="0 0 8 8" refX="6" refY="4" markerWidth="5" markerHeight="5" orient="auto"><path d="M0,0 L8,4 L0,8 z"/></marker></defs>`;
  const view = `viewBox="-1 -1 ${width + 2} ${height + 2}" preserveAspectRatio="xMidYMin meet"`;
  return `<svg ${view} role="img" aria-label="State chart">${tip}${boxes.map(box).join("")}<path id="move"/></svg>`;
}

function box({ path, label, description, rfc, isLeaf, x, y, width, height }: Box): string {
  const text = isLeaf ? `x="${x + width / 2}" y="${y + height / 2 + 4}"` : `x="${x + 9}" y="${y + 14}"`;
  const data = `data-path="${escaped(path)}" data-description="${escaped(description)}" data-rfc="${escaped(rfc)}"`;
  const rect = `<rect x="${x}" y="${y}" width="${width}" height="${height}" rx="${isLeaf ? 6 : 8}"/>`;
  return `<g class="${isLeaf ? "leaf" : "holder"}" ${data}><title>${escaped(description)}</title>${rect}<text ${text}>${escaped(label)}</text></g>`;
}

type LineRun = [Line, ...Line[]];

/** What was said in one breath. */
function runsOf(lines: readonly Line[]): readonly LineRun[] {
  const runs: LineRun[] = [];
  for (const line of lines) {
    const [last] = runs.at(-1) ?? [];
    const isSaid = line.kind === "client" || line.kind === "server";
    const isMore = isSaid && last?.kind === line.kind && last.at === line.at && last.state === line.state;
    if (isMore) runs.at(-1)?.push(line);
    else runs.push([line]);
  }
  return runs;
}

function shortened(lines: readonly string[]): string {
  const left = lines.length - mostLines;
  const kept = left <= 1 ? lines : [...lines.slice(0, mostLines - 1), `… ${left} lines more`, ...lines.slice(-1)];
  const text = kept.map(withoutRepetition).join("\n");
  return text.length > longest ? `${text.slice(0, longest)}…` : text;
}

function withoutRepetition(text: string): string {
  let shown = "";
  let same = 0;
  for (let at = 0; at < text.length; at += 1) {
    same = at > 0 && text[at] === text[at - 1] ? same + 1 : 0;
    if (same < mostAlike) shown += text.charAt(at);
    else if (same === mostAlike) shown += "…";
  }
  return shown;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
