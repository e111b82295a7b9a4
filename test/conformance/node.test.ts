// The conformance suite in Node, by @carteiro/node.

import { conformanceCertificates } from "./certificates.ts";
import { nodeAdapter } from "./node-adapter.ts";
import { declareCases } from "./vitest.ts";

declareCases("node", nodeAdapter(await conformanceCertificates()));
