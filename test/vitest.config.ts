// Settings of every test run. `npm run fuzz` gives properties many more cases, and hence more time.

import { defineConfig } from "vitest/config";

const fuzzing = process.env["CARTEIRO_RUNS"] !== undefined;

export default defineConfig({
  test: {
    root: import.meta.dirname,
    include: ["**/*.test.ts"],
    maxWorkers: 2,
    exclude: ["**/node_modules/**", "dist/**"],
    setupFiles: ["support/runs.ts"],
    testTimeout: fuzzing ? 900_000 : 60_000,
  },
});
