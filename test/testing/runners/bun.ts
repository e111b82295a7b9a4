// For `bun test`.

import { cases } from "./cases.ts";

/** A name that the compiler knows nothing of: the module is Bun's own. */
const module: string = "bun:test";
const { test } = (await import(module)) as { test: (name: string, run: () => Promise<void>) => void };

for (const { name, run } of cases) test(name, () => run());
