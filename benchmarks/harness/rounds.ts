// Asks a question: all contenders in turn, round by round, so that what the machine does besides befalls them alike.

import { busyness } from "./machine.ts";
import type { Bound, Contender, Question, Running, Sample, Scale, Target } from "./question.ts";
import { spread, type Spread } from "./statistics.ts";

export interface ContenderResult {
  readonly contender: string;
  readonly version?: string;
  /** Why there are no figures. */
  readonly missing?: string;
  readonly figures: Readonly<Record<string, Spread>>;
}

export interface Verdict {
  readonly metric: string;
  readonly contender: string;
  /** Where it is a ratio: of whose figure. */
  readonly against?: string;
  readonly asked: string;
  readonly seen: Spread;
  readonly met: boolean;
}

export interface Result {
  readonly name: string;
  readonly title: string;
  readonly metrics: Question["metrics"];
  readonly rounds: number;
  /** Rounds that were run again because the machine was busy with something else, and still were busy at the end. */
  readonly repeated: number;
  readonly busy: number;
  readonly contenders: readonly ContenderResult[];
  readonly verdicts: readonly Verdict[];
}

/** Part of a core that others may use during a round. */
const tolerated = 0.15;
const repeats = 3;
const usualWarmUp = 5;

/** Runs all rounds. Rejects with what a contender failed with. */
export async function ask(name: string, question: Question, scale: Scale, usualRounds: number): Promise<Result> {
  const { title, metrics, steady = false } = question;
  const rounds = scale.quick ? 1 : (question.rounds ?? usualRounds);
  const warmUp = scale.quick ? 0 : (question.warmUp ?? usualWarmUp);
  const started: Started[] = [];
  try {
    for (const contender of question.contenders) started.push(await start(contender, scale));
    const patience = { repeats: scale.quick || steady ? 0 : repeats, repeated: 0, busy: 0 };
    for (let round = 0; round < warmUp; round++) await runRound(started, undefined);
    for (let round = 0; round < rounds; round++) await runRound(started, patience);
    const contenders = started.map(resultOf);
    // So short a round says nothing about speed.
    const verdicts = scale.quick
      ? []
      : [
          ...(question.targets ?? []).flatMap((target) => ratioVerdict(target, started)),
          ...(question.bounds ?? []).flatMap((bound) => boundVerdict(bound, started)),
        ];
    const { repeated } = patience;
    const busy = steady ? 0 : patience.busy;
    return { name, title, metrics, rounds, repeated, busy, contenders, verdicts };
  } finally {
    for (const { running } of started) await running?.stop();
  }
}

interface Started {
  readonly contender: Contender;
  readonly running: Running | undefined;
  readonly missing: string | undefined;
  readonly samples: Sample[];
}

async function start(contender: Contender, scale: Scale): Promise<Started> {
  const missing = contender.missing?.();
  const running = missing === undefined ? await contender.start(scale) : undefined;
  return { contender, running, missing, samples: [] };
}

/** `patience`: where the rounds count. */
async function runRound(
  started: readonly Started[],
  patience: { readonly repeats: number; repeated: number; busy: number } | undefined,
): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    const othersUse = busyness();
    const samples: (readonly [Started, Sample])[] = [];
    for (const one of started) if (one.running !== undefined) samples.push([one, await one.running.round()]);
    const isBusy = othersUse() > tolerated;
    if (patience !== undefined && isBusy && attempt < patience.repeats) {
      patience.repeated += 1;
      continue;
    }
    if (patience === undefined) return;
    if (isBusy) patience.busy += 1;
    for (const [one, sample] of samples) one.samples.push(sample);
    return;
  }
}

function resultOf({ contender, missing, samples }: Started): ContenderResult {
  const names = new Set(samples.flatMap((sample) => Object.keys(sample)));
  const figures = Array.from(names, (name) => [name, spread(samples.flatMap((sample) => sample[name] ?? []))] as const);
  const version = missing === undefined ? contender.version?.() : undefined;
  return {
    contender: contender.name,
    ...(version !== undefined && { version }),
    ...(missing !== undefined && { missing }),
    figures: Object.fromEntries(figures),
  };
}

function ratioVerdict({ metric, contender, against, most, least }: Target, started: readonly Started[]): Verdict[] {
  const ours = named(started, contender).samples;
  const theirs = named(started, against).samples;
  const ratios = ours.flatMap((sample, round) => {
    const [a, b] = [sample[metric], theirs[round]?.[metric]];
    return a === undefined || b === undefined ? [] : a / b;
  });
  if (ratios.length === 0) return [];
  const seen = spread(ratios);
  const met = seen.median <= (most ?? Infinity) && seen.median >= (least ?? 0);
  return [{ metric, contender, against, asked: most === undefined ? `≥ ${least} ×` : `≤ ${most} ×`, seen, met }];
}

function boundVerdict({ metric, contender, most }: Bound, started: readonly Started[]): Verdict[] {
  const figures = named(started, contender).samples.flatMap((sample) => sample[metric] ?? []);
  if (figures.length === 0) return [];
  const seen = spread(figures);
  return [{ metric, contender, asked: `≤ ${most}`, seen, met: seen.median <= most }];
}

function named(started: readonly Started[], name: string): Started {
  const found = started.find(({ contender }) => contender.name === name);
  if (found === undefined) throw new Error(`A target names "${name}", which is no contender`);
  return found;
}
