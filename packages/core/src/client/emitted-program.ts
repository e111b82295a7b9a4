// The client's chart from its emitted table, without XState: what sessions run.

import type { Program } from "../engine/runner.ts";
import { program } from "../engine/table.ts";
import { clientGuards, type ClientFacts, type ClientMachineEvent } from "./facts.ts";
import { clientTable } from "./table.ts";

export const clientProgram: Program<ClientFacts, ClientMachineEvent> = program(clientTable, clientGuards);
