// Runs the suite by @carteiro/bun and reports each case as a line of JSON. The certificates come as JSON by standard input.

import type { Certificates } from "../adapter.ts";
import { standardInput } from "../standard-input.ts";
import { conformance, runCases } from "../suite.ts";
import { bunAdapter } from "./adapter.ts";

const { certificates, only } = (await standardInput()) as {
  readonly certificates: Certificates;
  readonly only?: string;
};
const cases = conformance(bunAdapter(certificates)).filter(({ name }) => name.includes(only ?? ""));
await runCases(cases, (outcome) => void process.stdout.write(`${JSON.stringify(outcome)}\n`));
