// Bun, as the tests bring it: the other runtime under measurement.

import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";

const runtime = join(import.meta.dirname, "..", "..", "test", "node_modules", ".bin", "bun");

/** For contenders that are scripts of ours. */
export const bun = {
  runtime,
  missing: () => (existsSync(runtime) ? undefined : "not installed"),
  version: () => `Bun ${spawnSync(runtime, ["--version"], { encoding: "utf8" }).stdout.trim()}`,
};
