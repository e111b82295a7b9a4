// @carteiro/core/machines: all that needs XState. The two charts as machines, to be looked at, drawn or tested; and what makes any
// line protocol's chart ready to run. Sessions run tables that were made so before: who sends or serves mail loads no XState.

export { clientMachine } from "./client/machine.ts";
export { serverMachine } from "./server/machine.ts";
export { compile } from "./engine/compile.ts";
export { interpret } from "./engine/interpret.ts";
export { ChartNotCompilableError } from "./engine/refusal.ts";
export type { ActionCall, GuardArguments, Guards, Program, Runner } from "./engine/runner.ts";
export type { ClientFacts, ClientMachineEvent } from "./client/facts.ts";
export type { ServerFacts, ServerMachineEvent } from "./server/facts.ts";
