// Tries scripts, one made of another, for a number of them or for a time. Scripts that take a session where none has been
// before are kept to make others of. The first failure ends it, cut down to what it needs.

import assert from "node:assert/strict";
import type { Role } from "../support/transcript.ts";
import { holdsLittle } from "./memory.ts";
import { mutated } from "./mutation.ts";
import { whole, type Manner, type Played } from "./play.ts";
import { playClient } from "./client-play.ts";
import { Random } from "@carteiro/testing";
import { octetsIn, seeds, type Script } from "./script.ts";
import { playServer } from "./server-play.ts";

export interface CampaignOptions {
  readonly role: Role;
  readonly seed: number;
  /** Scripts to try after the transcripts themselves. Default: no end. */
  readonly runs?: number;
  /** Seconds of the clock after which no other script is tried. Default: no end. */
  readonly seconds?: number;
}

export interface CampaignResult {
  readonly runs: number;
  /** How many different things sessions were seen to do. */
  readonly features: number;
  readonly failure?: { readonly script: Script; readonly error: unknown };
}

const kept = 4_000;

export function campaign({ role, seed, runs = Infinity, seconds = Infinity }: CampaignOptions): CampaignResult {
  const random = new Random(seed);
  const given = seeds(role);
  const corpus = [...given];
  const features = new Set<string>();
  const until = performance.now() + seconds * 1_000;
  let run = 0;
  for (; run < runs && performance.now() < until; run++) {
    const script = given[run] ?? mutated(random.pick(corpus), random, corpus);
    const failed = questions.find(({ every, ask }) => run % every === 0 && failureOf(script, ask) !== undefined);
    if (failed !== undefined) return { runs: run, features: features.size, failure: shrunk(script, failed.ask) };
    if (isNew(lastPlayed, features) && corpus.length < kept) corpus.push(script);
  }
  return { runs: run, features: features.size };
}

/** Whether a session did what none has done before; from now on it is known. */
function isNew(played: Played | undefined, features: Set<string>): boolean {
  const before = features.size;
  for (const feature of played?.features ?? []) features.add(feature);
  return features.size > before;
}

/** Of the first question, so that no script is played for its features alone. */
let lastPlayed: Played | undefined;

/** What is asked of a script; throws where it does not hold. */
type Ask = (script: Script) => unknown;

/** Costly questions are asked once in so many scripts. */
const questions: readonly { readonly every: number; readonly ask: Ask }[] = [
  { every: 1, ask: (script) => (lastPlayed = play(script, whole)) },
  { every: 4, ask: isTheSameInOctets },
  { every: 16, ask: (script) => play(script, { ...whole, counted: true }) },
  { every: 1_024, ask: holdsLittle },
];

/** Asks all questions. */
export function check(script: Script): void {
  for (const { ask } of questions) ask(script);
}

function play(script: Script, manner: Manner): Played {
  return script.front.role === "server" ? playServer(script, manner) : playClient(script, manner);
}

function isTheSameInOctets(script: Script): void {
  // What is read ahead counts against limits as it comes; what stands in one chunk with STARTTLS came in the clear; and
  // what was sent ahead is told by its being there.
  if (script.ahead || (script.front.role === "server" && /starttls/i.test(octetsIn(script)))) return;
  if (script.front.options["strictPipelining"] === true) return;
  const [one, other] = [play(script, whole), play(script, { ...whole, size: sizeOf(script) })];
  if (one.secured || other.secured) return;
  assert.equal(one.output, other.output, "what is said depends on how the octets came");
  assert.deepEqual(one.events, other.events, "what is told depends on how the octets came");
}

/** Octet by octet, unless that would take its time. */
function sizeOf(script: Script): number {
  return octetsIn(script).length < 2_000 ? 1 : 61;
}

// Shrinking.

const attempts = 400;
const milliseconds = 20_000;

/** The smallest script found that fails to the same question. */
function shrunk(script: Script, ask: Ask): { readonly script: Script; readonly error: unknown } {
  const until = performance.now() + milliseconds;
  let least = { script, error: failureOf(script, ask) };
  let left = attempts;
  const next = (): typeof least | undefined => {
    for (const candidate of smaller(least.script)) {
      if (left-- <= 0 || performance.now() > until) return undefined;
      const error = failureOf(candidate, ask);
      if (error !== undefined) return { script: candidate, error };
    }
    return undefined;
  };
  for (let found = next(); found !== undefined; found = next()) least = found;
  return least;
}

function failureOf(script: Script, ask: Ask): unknown {
  try {
    ask(script);
    return undefined;
  } catch (error) {
    return error;
  }
}

function* smaller(script: Script): Generator<Script> {
  const { happenings, answers } = script;
  if (answers.length > 0) yield { ...script, answers: [] };
  if (script.ahead) yield { ...script, ahead: false };
  for (let size = Math.ceil(happenings.length / 2); size > 0; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < happenings.length; at += size) {
      yield { ...script, happenings: [...happenings.slice(0, at), ...happenings.slice(at + size)] };
    }
  }
  for (const [index, happening] of happenings.entries()) {
    if (happening.type !== "octets") continue;
    for (const text of shorter(happening.text)) {
      yield { ...script, happenings: happenings.with(index, { type: "octets", text }) };
    }
  }
}

function* shorter(text: string): Generator<string> {
  for (let size = Math.ceil(text.length / 2); size > 0; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < text.length; at += size) yield text.slice(0, at) + text.slice(at + size);
  }
}
