// How fast is content read, every octet looked at for a bare CR or LF?

import type { Contender, Question, Target } from "../harness/question.ts";
import { gigabytesPerSecond, workingInParts } from "../harness/work.ts";

const script = new URL("../work/content.ts", import.meta.url);

/** What comes, in chunks of 64 KB if nothing else is said; the kinds of `work/content.ts`. */
const parts = {
  base64: "base64",
  prose: "prose",
  dotted: "dotted",
  dots: "dots",
  empty: "empty",
  bare: "bare",
  single: "prose single",
  whole: "base64 whole",
  array: "base64 array",
};

export const contentMetrics: Question["metrics"] = [
  { name: "base64", unit: "base64, GB/s", better: "more" },
  { name: "prose", unit: "prose", better: "more" },
  { name: "dotted", unit: "dot at every line", better: "more" },
  { name: "dots", unit: "lines of a dot alone", better: "more" },
  { name: "empty", unit: "empty lines", better: "more" },
  { name: "bare", unit: "bare CRs", better: "more" },
  { name: "single", unit: "octet by octet", better: "more" },
  { name: "whole", unit: "base64 in one chunk", better: "more" },
  { name: "array", unit: "base64, no Buffers", better: "more" },
];

export function contentContender(name: string, kind: string): Contender {
  const named = Object.entries(parts).map(([part, corpus]) => [part, `${kind} ${corpus}`] as const);
  return workingInParts(name, { script, parts: Object.fromEntries(named), figure: gigabytesPerSecond });
}

export const contentFloors: readonly Contender[] = [
  contentContender("floor: memcpy", "copy"),
  contentContender("floor: indexOf at every line", "lines"),
  contentContender("floor: octet loop", "octets"),
];

/** What is asked of a contender that looks at every octet. */
export function contentTargets(contender: string): Target[] {
  return [
    ...["base64", "prose"].map((metric) => ({
      metric,
      contender,
      against: "floor: indexOf at every line",
      least: 0.7,
    })),
    ...["dots", "empty", "bare"].map((metric) => ({
      metric,
      contender,
      against: "floor: octet loop",
      least: 0.6,
    })),
  ];
}

const question: Question = {
  title: "Content read, dots taken away, bare newlines looked for in every octet",
  metrics: contentMetrics,
  contenders: [
    contentContender("Carteiro, rejecting", "reject"),
    contentContender("Carteiro, normalising", "normalise"),
    contentContender("Carteiro, BDAT", "chunks"),
    contentContender("smtp-server, not looking", "smtpServer"),
    ...contentFloors,
  ],
  targets: [...contentTargets("Carteiro, rejecting"), ...contentTargets("Carteiro, normalising")],
};
export default question;
