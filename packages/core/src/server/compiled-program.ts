// The server's chart, compiled when the module loads, with XState: what sessions run under the condition `carteiro-xstate` (package.json's `imports`).

import { compile } from "../engine/compile.ts";
import type { Program } from "../engine/runner.ts";
import type { ServerFacts, ServerMachineEvent } from "./facts.ts";
import { serverMachine } from "./machine.ts";

export const serverProgram: Program<ServerFacts, ServerMachineEvent> = compile(serverMachine);
