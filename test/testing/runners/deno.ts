// For `deno test`.

import { cases } from "./cases.ts";

interface DenoTest {
  readonly Deno: { test(name: string, run: () => Promise<void>): void };
}

const { Deno } = globalThis as unknown as DenoTest;
for (const { name, run } of cases) Deno.test(name, () => run());
