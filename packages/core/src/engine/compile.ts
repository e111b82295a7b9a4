// Flattens a chart into a table, once at module load or before that, by a tool which writes the table down.

import type { AnyStateMachine, AnyStateNode, AnyTransitionDefinition, ContextFrom, EventFrom } from "xstate";
import {
  ancestry,
  descendantsAndSelf,
  isDescendant,
  isHistory,
  isLeaf,
  mergedMeta,
  parentOf,
  statePath,
} from "./chart.ts";
import { guardCall } from "./names.ts";
import type { Program } from "./runner.ts";
import { initialStep, stepOf } from "./step.ts";
import type { Step } from "./step.ts";
import { checkSupported } from "./supported.ts";
import {
  program,
  type ChartTable,
  type Predicates,
  type TableMove,
  type TableRow,
  type TableTransition,
} from "./table.ts";

export { ChartNotCompilableError } from "./refusal.ts";

/**
 * Makes a chart ready to run as a table. The program holds no state of its own: any number of runners share it.
 * @throws ChartNotCompilableError where the chart uses what cannot be compiled; mend the chart.
 */
export function compile<Machine extends AnyStateMachine>(
  machine: Machine,
): Program<ContextFrom<Machine>, EventFrom<Machine>> {
  return program(tableOf(machine), machine.implementations.guards as Predicates);
}

/** The table of a chart; throws as `compile` does. */
export function tableOf(machine: AnyStateMachine): ChartTable {
  checkSupported(machine);
  return new Compiler(machine.root).table();
}

/** Builds the table of one chart. */
class Compiler {
  readonly #root: AnyStateNode;
  readonly #leaves: readonly AnyStateNode[];
  readonly #histories: readonly AnyStateNode[];

  constructor(root: AnyStateNode) {
    const states = descendantsAndSelf(root);
    this.#root = root;
    this.#leaves = states.filter(isLeaf);
    this.#histories = states.filter(isHistory);
  }

  table(): ChartTable {
    return { start: this.#move(initialStep(this.#root)), rows: this.#leaves.map((leaf) => this.#row(leaf)) };
  }

  #row(leaf: AnyStateNode): TableRow {
    const told = { state: statePath(leaf), meta: mergedMeta(leaf) };
    if (leaf.type === "final") return { ...told, done: true, on: {}, otherwise: [] };
    const types = new Set(ancestry(leaf).flatMap((state) => [...state.transitions.keys()]));
    types.delete("*");
    const on = Object.fromEntries(Array.from(types, (type) => [type, this.#transitions(leaf, type)]));
    return { ...told, done: false, on, otherwise: this.#transitions(leaf, undefined) };
  }

  /** All transitions for the event type, or for a type that is nowhere named, in the order in which XState asks their guards. */
  #transitions(leaf: AnyStateNode, type: string | undefined): readonly TableTransition[] {
    const transitions = ancestry(leaf).flatMap(({ transitions: own }) => [
      ...((type === undefined ? undefined : own.get(type)) ?? []),
      ...(own.get("*") ?? []),
    ]);
    const last = transitions.findIndex(({ guard }) => guard === undefined);
    return (last === -1 ? transitions : transitions.slice(0, last + 1)).map((transition) =>
      this.#transition(transition, leaf),
    );
  }

  #transition(transition: AnyTransitionDefinition, leaf: AnyStateNode): TableTransition {
    const { source, guard: named, target, actions } = transition;
    const forgotten = stepOf(transition, leaf);
    const history = target?.find(isHistory);
    // A history state whose parent is left by this very transition remembers the leaf that is being left.
    const relived = history !== undefined && forgotten.exited.includes(parentOf(history));
    const guard = guardCall(source, named);
    return {
      ...(guard && { guard }),
      forbids: target === undefined && actions.length === 0,
      move: this.#move(relived ? stepOf(transition, leaf, leaf) : forgotten),
      ...(history !== undefined && !relived && { recall: this.#recall(transition, leaf, history) }),
    };
  }

  #recall(
    transition: AnyTransitionDefinition,
    leaf: AnyStateNode,
    history: AnyStateNode,
  ): NonNullable<TableTransition["recall"]> {
    const moves = this.#leaves.map((remembered) =>
      isDescendant(remembered, parentOf(history)) ? this.#move(stepOf(transition, leaf, remembered)) : undefined,
    );
    return { slot: place(this.#histories, history), moves };
  }

  #move({ leaf, exited, actions }: Step): TableMove {
    const left = exited.flatMap((state) => Object.values(state.states).filter(isHistory));
    return {
      next: place(this.#leaves, leaf),
      actions,
      records: left.map((history) => place(this.#histories, history)),
    };
  }
}

function place(states: readonly AnyStateNode[], state: AnyStateNode): number {
  const index = states.indexOf(state);
  if (index === -1) throw new Error(`State "${state.id}" is not a state of this chart`);
  return index;
}
