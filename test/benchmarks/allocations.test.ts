// What a transaction allocates in the engine: a figure that does not depend on the machine's speed, and so may be bounded by a test.

import { afterAll, expect, test } from "vitest";

/** As benchmarks/harness/question.ts has it, which is a project of its own. */
interface Question {
  readonly contenders: readonly {
    start(scale: { readonly quick: boolean }): Promise<{ round(): Promise<{ heap?: number }>; stop(): Promise<void> }>;
  }[];
}

/** Octets of heap a transaction of 1 KB in lockstep: about 3,100 today. */
const bound = 4_500;

const file = new URL("../../benchmarks/questions/allocations.ts", import.meta.url).href;
const { default: question } = (await import(file)) as { readonly default: Question };
const [engine] = question.contenders;
const running = await engine?.start({ quick: false });
afterAll(() => running?.stop());

test("a transaction in lockstep allocates a bounded number of octets, whatever the machine", async () => {
  // The first round is compiled meanwhile.
  await running?.round();
  const { heap } = (await running?.round()) ?? {};
  expect(heap).toBeGreaterThan(500);
  expect(heap).toBeLessThan(bound);
});
