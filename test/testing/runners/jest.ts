// For jest, whose `test` is global.

import { cases } from "./cases.ts";

const { test } = globalThis as unknown as { test: (name: string, run: () => Promise<void>) => void };

for (const { name, run } of cases) test(name, () => run());
