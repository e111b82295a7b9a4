// Interpreted ≡ compiled: the property that lets sessions run the compiled chart.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { expectAgreement } from "./agreement.ts";
import type { Occurrence, Passage } from "./agreement.ts";
import { jumps, namedEvents, randomChart } from "./random-chart.ts";

const numRuns = Number(process.env["CARTEIRO_RUNS"] ?? 400);
/** A run takes some 5 ms: interpreting is slow. */
const timeout = 20_000 + numRuns * 25;

const occurrence: fc.Arbitrary<Occurrence> = fc
  .record({
    type: fc.oneof(
      { weight: 30, arbitrary: fc.constantFrom(...namedEvents) },
      { weight: 8, arbitrary: fc.constantFrom(...jumps) },
      { weight: 2, arbitrary: fc.constantFrom("unheard", "", "toString", "__proto__") },
      { weight: 1, arbitrary: fc.constantFrom("*", "xstate.init", "xstate.stop", "xstate.error.actor.x") },
    ),
    n: fc.nat(3),
    bits: fc.nat(7),
  })
  .map(({ type, n, bits }) => ({ event: { type, n }, facts: { bits } }));

const passages = fc.tuple(randomChart(), fc.array(occurrence, { minLength: 10, maxLength: 40, size: "max" }));

describe("a compiled chart and an interpreted one", () => {
  test("agree on random charts for any sequence of events and facts", { timeout }, () => {
    fc.assert(
      fc.property(passages, ([plan, occurrences]) => {
        const { machine, asked } = plan.build();
        expectAgreement(machine, occurrences, asked);
      }),
      { numRuns },
    );
  });

  test("are held against each other on charts that move, finish, ask guards and restore history", () => {
    const sample = fc.sample(passages, { numRuns: 100, seed: 5321 });
    const taken: Passage[] = sample.map(([plan, occurrences]) => expectAgreement(plan.build().machine, occurrences));
    const texts = sample.map(([plan]) => JSON.stringify(plan.config));
    expect(taken.filter(({ states }) => new Set(states).size >= 3).length).toBeGreaterThan(50);
    expect(taken.filter(({ done }) => done).length).toBeGreaterThan(5);
    expect(taken.flatMap(({ actions }) => actions).filter((calls) => calls.length > 2).length).toBeGreaterThan(500);
    expect(texts.filter((text) => text.includes('"deep"')).length).toBeGreaterThan(25);
    expect(texts.filter((text) => text.includes('"guard"')).length).toBeGreaterThan(50);
  });
});
