// jest on the sources: TypeScript's types are all that has to be taken away.

export default {
  rootDir: import.meta.dirname,
  testMatch: ["<rootDir>/jest.ts"],
  extensionsToTreatAsEsm: [".ts"],
  transform: { "\\.ts$": "<rootDir>/jest-transform.mjs" },
  // The workspace's own packages are TypeScript, too.
  transformIgnorePatterns: [],
  watchman: false,
};
