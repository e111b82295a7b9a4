// The client's chart, compiled when the module loads, with XState: what sessions run under the condition `carteiro-xstate` (package.json's `imports`).

import { compile } from "../engine/compile.ts";
import type { Program } from "../engine/runner.ts";
import type { ClientFacts, ClientMachineEvent } from "./facts.ts";
import { clientMachine } from "./machine.ts";

export const clientProgram: Program<ClientFacts, ClientMachineEvent> = compile(clientMachine);
