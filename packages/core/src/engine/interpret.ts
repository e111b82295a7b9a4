// Runs a chart on XState's own pure `initialTransition` and `transition`: the reference that `compile` is held against,
// and the way to inspect or replay a chart with XState's tools. It builds an actor per event: some 12 µs.

import { initialTransition, transition } from "xstate";
import type { AnyMachineSnapshot, AnyStateMachine, AnyStateNode, ContextFrom, EventFrom } from "xstate";
import { isLeaf, isReserved, mergedMeta, statePath } from "./chart.ts";
import type { ActionCall, Program, Runner } from "./runner.ts";

/** What XState gives back for an action; only the name and the parameters are of use here. */
interface NamedAction {
  readonly type: string;
  readonly params?: unknown;
}

interface PlainEvent {
  readonly type: string;
}

const nothing: readonly ActionCall[] = Object.freeze([]);

/**
 * Makes a chart ready to run by XState itself. Meant for charts that {@link compile} takes, and equal to it on those;
 * other charts run as far as XState's pure functions carry them, and what an `assign` stores is lost.
 * @throws what XState throws when the chart cannot be started.
 */
export function interpret<Machine extends AnyStateMachine>(
  machine: Machine,
): Program<ContextFrom<Machine>, EventFrom<Machine>> {
  return { start: () => begin(machine) };
}

function begin(machine: AnyStateMachine): { runner: Runner<unknown, PlainEvent>; actions: readonly ActionCall[] } {
  const [snapshot, actions] = initialTransition(machine);
  if (snapshot.status === "error") throw snapshot.error;
  return { runner: new InterpretedRunner(machine, snapshot), actions: calls(actions) };
}

class InterpretedRunner implements Runner<unknown, PlainEvent> {
  readonly #machine: AnyStateMachine;
  #snapshot: AnyMachineSnapshot;

  constructor(machine: AnyStateMachine, snapshot: AnyMachineSnapshot) {
    this.#machine = machine;
    this.#snapshot = snapshot;
  }

  get state(): string {
    return statePath(activeLeaf(this.#snapshot));
  }

  get meta(): Readonly<Record<string, unknown>> {
    return mergedMeta(activeLeaf(this.#snapshot));
  }

  get done(): boolean {
    return this.#snapshot.status === "done";
  }

  can(event: PlainEvent, facts: unknown): boolean {
    return this.#hears(event) && this.#knowing(facts).can(event);
  }

  send(event: PlainEvent, facts: unknown): readonly ActionCall[] {
    if (!this.#hears(event)) return nothing;
    const [snapshot, actions] = transition(this.#machine, this.#knowing(facts), event);
    this.#snapshot = snapshot;
    return calls(actions);
  }

  #hears(event: PlainEvent): boolean {
    return !this.done && !isReserved(event.type);
  }

  /** The snapshot with the facts where XState's guards look for the chart's context. */
  #knowing(facts: unknown): AnyMachineSnapshot {
    return { ...this.#snapshot, context: facts };
  }
}

function activeLeaf(snapshot: AnyMachineSnapshot): AnyStateNode {
  const leaf = snapshot._nodes.find(isLeaf);
  if (leaf === undefined) throw new Error(`Chart "${snapshot.machine.id}" has no active leaf state`);
  return leaf;
}

function calls(actions: readonly NamedAction[]): readonly ActionCall[] {
  return actions.length === 0 ? nothing : Object.freeze(actions.map(toCall));
}

function toCall({ type, params }: NamedAction): ActionCall {
  return Object.freeze(params === undefined ? { type } : { type, params: params as Readonly<Record<string, unknown>> });
}
