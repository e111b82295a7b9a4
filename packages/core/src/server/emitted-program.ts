// The server's chart from its emitted table, without XState: what sessions run.

import type { Program } from "../engine/runner.ts";
import { program } from "../engine/table.ts";
import { serverGuards, type ServerFacts, type ServerMachineEvent } from "./facts.ts";
import { serverTable } from "./table.ts";

export const serverProgram: Program<ServerFacts, ServerMachineEvent> = program(serverTable, serverGuards);
