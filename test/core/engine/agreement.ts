// Holds the runners of a chart against each other, step by step.

import { expect } from "vitest";
import { compile } from "../../../packages/core/src/engine/compile.ts";
import { interpret } from "../../../packages/core/src/engine/interpret.ts";
import type { ActionCall, Program, Runner } from "../../../packages/core/src/engine/runner.ts";
import type { AnyStateMachine } from "xstate";

export interface Occurrence {
  readonly event: { readonly type: string };
  readonly facts: unknown;
}

/** What happened on the way, so that a test can tell that it was not idle. */
export interface Passage {
  readonly states: readonly string[];
  readonly actions: readonly (readonly ActionCall[])[];
  readonly done: boolean;
}

/** A chart's program of whatever facts and events. */
export type AnyProgram = Program<never, never>;

type AnyRunner = Runner<unknown, { readonly type: string }>;

/**
 * Runs the occurrences through both runners, and through the program made from an emitted table where there is one, and fails at
 * the first difference in state, meta, done, `can`, actions, or in the guards asked, where the chart's guards write them
 * down in `asked`.
 */
export function expectAgreement(
  machine: AnyStateMachine,
  occurrences: readonly Occurrence[],
  asked: string[] = [],
  emitted?: AnyProgram,
): Passage {
  const first = occurrences[0]?.facts;
  const reference = interpret(machine).start(first);
  const tables: readonly AnyProgram[] = [compile(machine), ...(emitted === undefined ? [] : [emitted])];
  const others = tables.map((program) => program.start(first as never));
  const runners = others.map(({ runner }) => runner as unknown as AnyRunner);
  for (const { actions: begun } of others) expect(begun, "actions of the start").toEqual(reference.actions);
  for (const runner of runners) expectSameState(runner, reference.runner, "after the start");
  const states = [reference.runner.state];
  const actions = [reference.actions];
  occurrences.forEach(({ event, facts }, index) => {
    const moment = `${event.type} (number ${index}) in ${reference.runner.state}`;
    const ask = (runner: AnyRunner) => recorded(asked, () => runner.can(event, facts));
    const send = (runner: AnyRunner) => recorded(asked, () => runner.send(event, facts));
    const possible = ask(reference.runner);
    for (const runner of runners) expect(ask(runner), `can ${moment}`).toEqual(possible);
    const expected = send(reference.runner);
    for (const runner of runners) {
      expect(send(runner), `send ${moment}`).toEqual(expected);
      expectSameState(runner, reference.runner, `after ${moment}`);
    }
    states.push(reference.runner.state);
    actions.push(expected.outcome);
  });
  return { states, actions, done: reference.runner.done };
}

function recorded<Outcome>(asked: string[], act: () => Outcome): { outcome: Outcome; asked: string[] } {
  asked.length = 0;
  const outcome = act();
  return { outcome, asked: [...asked] };
}

function expectSameState<Facts, Event extends { readonly type: string }>(
  compiled: Runner<Facts, Event>,
  reference: Runner<Facts, Event>,
  moment: string,
): void {
  const told = ({ state, meta, done }: Runner<Facts, Event>) => ({ state, meta, done });
  expect(told(compiled), moment).toEqual(told(reference));
}
