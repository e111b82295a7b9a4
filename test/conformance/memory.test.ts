// The conformance suite in memory, by @carteiro/memory.

import { memoryAdapter } from "./memory-adapter.ts";
import { declareCases } from "./vitest.ts";

declareCases("memory", memoryAdapter);
