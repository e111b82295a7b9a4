// How the page of a trace looks.

export const pageStyle = `
:root {
  color-scheme: light dark;
  --ground: #f6f7f9; --card: #ffffff; --ink: #1c2430; --soft: #66717f; --line: #d9dee5;
  --client: #0b6bcb; --server: #7a3fb8; --event: #16794c; --intent: #9a5b00;
  --now: #ff8a1f; --now-ink: #3d1d00; --passed: #ffe9d1; --passed-line: #f0b577;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #14181e; --card: #1c222b; --ink: #e6eaf0; --soft: #93a0af; --line: #333c48;
    --client: #6db3ff; --server: #c79bff; --event: #6fd3a4; --intent: #f0b55e;
    --now: #ff8a1f; --now-ink: #2b1500; --passed: #4a3520; --passed-line: #8a5d2d;
  }
}
* { box-sizing: border-box; }
html, body { height: 100%; margin: 0; }
body {
  display: grid; grid-template: auto minmax(0, 1fr) auto / minmax(22rem, 39%) minmax(0, 1fr); gap: 12px; padding: 14px 16px;
  background: var(--ground); color: var(--ink); font: 14px/1.45 system-ui, "Segoe UI", "DejaVu Sans", sans-serif;
}
header { grid-column: 1 / -1; display: flex; gap: 14px; align-items: baseline; }
h1 { margin: 0; font-size: 17px; font-weight: 650; }
header span { color: var(--soft); }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 10px; overflow: hidden; }
#dialogue { overflow-y: auto; margin: 0; padding: 6px 0; list-style: none; font: 12px/1.5 ui-monospace, "DejaVu Sans Mono", monospace; }
#dialogue li {
  display: grid; grid-template-columns: 4.9em minmax(0, 1fr); gap: 10px; padding: 1px 12px; cursor: pointer;
  border-left: 3px solid transparent;
}
#dialogue time { color: var(--soft); text-align: right; font-size: 11px; }
#dialogue span { white-space: pre-wrap; overflow-wrap: anywhere; }
#dialogue .event span, #dialogue .intent span, #dialogue .note span {
  white-space: nowrap; overflow: hidden; text-overflow: ellipsis; padding-left: 1.6em;
}
.client span { color: var(--client); }
.server span { color: var(--server); }
.event span { color: var(--event); }
.intent span { color: var(--intent); }
.note span { color: var(--soft); }
#dialogue li.later { opacity: 0.38; }
#dialogue li.here { background: color-mix(in srgb, var(--now) 16%, transparent); border-left-color: var(--now); }
#dialogue li.here span { white-space: pre-wrap; }
#chart { display: grid; grid-template-rows: minmax(0, 1fr) auto; }
#chart svg { width: 100%; height: 100%; padding: 12px; }
#about { border-top: 1px solid var(--line); padding: 9px 14px; min-height: 4.6em; }
#about b { font-weight: 650; }
#about i { color: var(--soft); font-style: normal; float: right; margin-left: 1em; }
#about p { margin: 2px 0 0; color: var(--soft); }
svg rect { fill: var(--card); stroke: var(--line); }
svg .holder > rect { fill: color-mix(in srgb, var(--ground) 70%, var(--card)); }
svg text { fill: var(--soft); font-size: 11.5px; }
svg .holder > text { font-weight: 600; font-size: 11px; letter-spacing: 0.02em; }
svg .leaf text { text-anchor: middle; fill: var(--ink); }
svg .leaf rect, svg .leaf text { transition: fill 0.18s, stroke 0.18s; }
svg .passed > rect { fill: var(--passed); stroke: var(--passed-line); }
svg .holder.around > rect { stroke: var(--now); }
svg .holder.around > text { fill: var(--ink); }
svg .now > rect { fill: var(--now); stroke: var(--now); }
svg .leaf.now > text { fill: var(--now-ink); font-weight: 650; }
svg path { fill: none; stroke: var(--now); stroke-width: 2; marker-end: url(#tip); }
svg marker path { fill: var(--now); stroke: none; marker-end: none; }
footer { grid-column: 1 / -1; display: flex; align-items: center; gap: 12px; padding: 8px 12px; }
footer input { flex: 1; accent-color: #c8560a; }
footer output { min-width: 11em; text-align: right; color: var(--soft); font-variant-numeric: tabular-nums; }
button {
  font: inherit; color: inherit; background: var(--card); border: 1px solid var(--line); border-radius: 7px; padding: 3px 12px;
  cursor: pointer;
}
button:hover { border-color: var(--now); }
kbd { font: 11px ui-monospace, monospace; color: var(--soft); border: 1px solid var(--line); border-radius: 4px; padding: 0 4px; }
@media (max-width: 900px) { body { grid-template: auto minmax(0, 1fr) minmax(0, 1fr) auto / minmax(0, 1fr); } }
`;
