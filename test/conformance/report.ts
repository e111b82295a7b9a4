// Runs the suite by @carteiro/node in the runtime that this program is started with, and reports each case as a line of JSON.
// The certificates come as JSON by standard input.

import type { Certificates } from "./adapter.ts";
import { nodeAdapter } from "./node-adapter.ts";
import { standardInput } from "./standard-input.ts";
import { conformance, runCases } from "./suite.ts";

const { certificates, gaps, only } = (await standardInput()) as {
  readonly certificates: Certificates;
  readonly gaps?: Readonly<Record<string, string>>;
  readonly only?: string;
};
const cases = conformance(nodeAdapter(certificates, gaps)).filter(({ name }) => name.includes(only ?? ""));
await runCases(cases, (outcome) => void process.stdout.write(`${JSON.stringify(outcome)}\n`));
