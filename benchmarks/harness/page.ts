// A run as a page: what was asked and met or missed, then all tables.

import type { Stamp } from "./machine.ts";
import type { Result, Verdict } from "./rounds.ts";
import { short, table } from "./table.ts";

export function page({ results, ...stamp }: Stamp & { readonly results: readonly Result[] }): string {
  const { date, commit, cpu, cores, memory, system, node, pinned } = stamp;
  const verdicts = results.flatMap(({ name, verdicts: some }) => some.map((verdict) => [name, verdict] as const));
  const met = verdicts.filter(([, verdict]) => verdict.met).length;
  return [
    "# Results",
    "",
    "<!-- Written by `npm run bench -- --out`: do not edit. -->",
    "",
    `${date}, commit ${commit}: ${cpu}, ${cores} cores, ${memory}, ${system}, Node ${node}, ${pinned ? "a core for who is measured" : "cores not pinned"}.`,
    `Of ${verdicts.length} targets ${met} were met. A figure is the median of the rounds, in brackets the least and the most of them.`,
    "",
    "| question | who | asked | seen | |",
    "|---|---|---|---|---|",
    ...verdicts.map(([name, verdict]) => row(name, verdict)),
    "",
    ...results.flatMap((result) => [
      `![${result.title}](${result.name}.svg)`,
      "",
      "```",
      table(result).trim(),
      "```",
      "",
    ]),
  ].join("\n");
}

function row(question: string, { metric, contender, against, asked, seen, met }: Verdict): string {
  const whose = against === undefined ? metric : `${metric}, to ${against}`;
  const figures = `${short(seen.median)} (${short(seen.min)}–${short(seen.max)})`;
  return `| ${question} | ${contender}: ${whose} | ${asked} | ${figures} | ${met ? "met" : "**missed**"} |`;
}
