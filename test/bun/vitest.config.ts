// Settings of the tests that run inside of Bun, which `inside.test.ts` starts.

import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    root: import.meta.dirname,
    include: ["**/*.contract.ts"],
    // Bun's child processes are not enough like Node's for the other ones.
    pool: "threads",
    setupFiles: ["../support/runs.ts"],
    testTimeout: 60_000,
  },
});
