// Flattens a chart, once at module load, into a table of leaf state × event type → guards, next leaf, actions. What a
// session runs: an event costs a look-up and its guards, and allocates nothing where no guard is asked.

import type { AnyStateMachine, AnyStateNode, AnyTransitionDefinition, ContextFrom, EventFrom } from "xstate";
import {
  ancestry,
  descendantsAndSelf,
  isDescendant,
  isHistory,
  isLeaf,
  isReserved,
  mergedMeta,
  parentOf,
  statePath,
} from "./chart.ts";
import { guardCall } from "./names.ts";
import type { GuardCall } from "./names.ts";
import type { ActionCall, Program, Runner } from "./runner.ts";
import { initialStep, stepOf } from "./step.ts";
import type { Step } from "./step.ts";
import { checkSupported } from "./supported.ts";

export { ChartNotCompilableError } from "./refusal.ts";

interface PlainEvent {
  readonly type: string;
}

/** A row of the table. */
interface Row {
  readonly index: number;
  readonly state: string;
  readonly meta: Readonly<Record<string, unknown>>;
  readonly done: boolean;
  /** By each event type that the leaf or a state around it names. */
  readonly on: Map<string, readonly Candidate[]>;
  /** For all other event types: the transitions under `*`. */
  otherwise: readonly Candidate[];
}

/** A transition as seen from one leaf. */
interface Candidate {
  readonly guard: GuardCall | undefined;
  /** Whether the transition does nothing but keep the event from the states further out. */
  readonly forbids: boolean;
  readonly move: Move;
  /** For a target that is a history state: its place in the runner's memory, and the moves by the row remembered there. */
  readonly recall: { readonly slot: number; readonly moves: readonly (Move | undefined)[] } | undefined;
}

interface Move {
  readonly next: Row;
  readonly actions: readonly ActionCall[];
  /** Places in memory that take the row being left. */
  readonly records: readonly number[];
}

const nothing: readonly ActionCall[] = Object.freeze([]);
const never: readonly Candidate[] = Object.freeze([]);

/**
 * Makes a chart ready to run as a table. The program holds no state of its own: any number of runners share it.
 * @throws ChartNotCompilableError where the chart uses what cannot be compiled; mend the chart.
 */
export function compile<Machine extends AnyStateMachine>(
  machine: Machine,
): Program<ContextFrom<Machine>, EventFrom<Machine>> {
  checkSupported(machine);
  const { next, actions } = new Compiler(machine.root).start();
  return { start: () => ({ runner: new CompiledRunner(next), actions }) };
}

class CompiledRunner implements Runner<unknown, PlainEvent> {
  #row: Row;
  /** By history state: the index of the row that was active when its parent was last left; nothing where it never was. */
  readonly #memory: number[] = [];

  constructor(row: Row) {
    this.#row = row;
  }

  get state(): string {
    return this.#row.state;
  }

  get meta(): Readonly<Record<string, unknown>> {
    return this.#row.meta;
  }

  get done(): boolean {
    return this.#row.done;
  }

  can(event: PlainEvent, facts: unknown): boolean {
    const candidate = select(this.#row, event, facts);
    return candidate !== undefined && !candidate.forbids;
  }

  send(event: PlainEvent, facts: unknown): readonly ActionCall[] {
    const candidate = select(this.#row, event, facts);
    if (candidate === undefined) return nothing;
    const { next, actions, records } = this.#recalled(candidate);
    for (const slot of records) this.#memory[slot] = this.#row.index;
    this.#row = next;
    return actions;
  }

  #recalled({ move, recall }: Candidate): Move {
    return recall?.moves[this.#memory[recall.slot] ?? -1] ?? move;
  }
}

/** The first transition whose guard holds. */
function select(row: Row, event: PlainEvent, facts: unknown): Candidate | undefined {
  const candidates = row.on.get(event.type) ?? (isReserved(event.type) ? never : row.otherwise);
  // Not by an iterator, which costs more than what it goes through.
  for (let index = 0; index < candidates.length; index++) {
    const candidate = candidates[index];
    const guard = candidate?.guard;
    if (guard === undefined || guard.holds({ context: facts, event }, guard.params)) return candidate;
  }
  return undefined;
}

/** Builds the table of one chart. Rows refer to one another, so that they are made first and filled in afterwards. */
class Compiler {
  readonly #root: AnyStateNode;
  readonly #rows: ReadonlyMap<AnyStateNode, Row>;
  readonly #slots: ReadonlyMap<AnyStateNode, number>;

  constructor(root: AnyStateNode) {
    const states = descendantsAndSelf(root);
    this.#root = root;
    this.#rows = new Map(states.filter(isLeaf).map((leaf, index) => [leaf, emptyRow(leaf, index)]));
    this.#slots = new Map(states.filter(isHistory).map((history, slot) => [history, slot]));
  }

  /** The move into the initial state; all others hang on it. */
  start(): Move {
    for (const [leaf, row] of this.#rows) {
      if (!row.done) this.#fill(leaf, row);
    }
    return this.#move(initialStep(this.#root));
  }

  #fill(leaf: AnyStateNode, row: Row): void {
    const types = new Set(ancestry(leaf).flatMap((state) => [...state.transitions.keys()]));
    types.delete("*");
    for (const type of types) row.on.set(type, this.#candidates(leaf, type));
    row.otherwise = this.#candidates(leaf, undefined);
  }

  /** All transitions for the event type, or for a type that is nowhere named, in the order in which XState asks their guards. */
  #candidates(leaf: AnyStateNode, type: string | undefined): readonly Candidate[] {
    const transitions = ancestry(leaf).flatMap(({ transitions: own }) => [
      ...((type === undefined ? undefined : own.get(type)) ?? []),
      ...(own.get("*") ?? []),
    ]);
    const last = transitions.findIndex(({ guard }) => guard === undefined);
    return (last === -1 ? transitions : transitions.slice(0, last + 1)).map((transition) =>
      this.#candidate(transition, leaf),
    );
  }

  #candidate(transition: AnyTransitionDefinition, leaf: AnyStateNode): Candidate {
    const { source, guard, target, actions } = transition;
    const forgotten = stepOf(transition, leaf);
    const history = target?.find(isHistory);
    // A history state whose parent is left by this very transition remembers the leaf that is being left.
    const relived = history !== undefined && forgotten.exited.includes(parentOf(history));
    return {
      guard: guardCall(source, guard),
      forbids: target === undefined && actions.length === 0,
      move: this.#move(relived ? stepOf(transition, leaf, leaf) : forgotten),
      recall: history === undefined || relived ? undefined : this.#recall(transition, leaf, history),
    };
  }

  #recall(transition: AnyTransitionDefinition, leaf: AnyStateNode, history: AnyStateNode): Candidate["recall"] {
    const moves = [...this.#rows.keys()].map((remembered) =>
      isDescendant(remembered, parentOf(history)) ? this.#move(stepOf(transition, leaf, remembered)) : undefined,
    );
    return { slot: this.#slot(history), moves };
  }

  #move({ leaf, exited, actions }: Step): Move {
    const left = exited.flatMap((state) => Object.values(state.states).filter(isHistory));
    return { next: this.#row(leaf), actions, records: left.map((history) => this.#slot(history)) };
  }

  #row(leaf: AnyStateNode): Row {
    return found(this.#rows, leaf);
  }

  #slot(history: AnyStateNode): number {
    return found(this.#slots, history);
  }
}

function emptyRow(leaf: AnyStateNode, index: number): Row {
  return {
    index,
    state: statePath(leaf),
    meta: mergedMeta(leaf),
    done: leaf.type === "final",
    on: new Map(),
    otherwise: never,
  };
}

function found<Value>(map: ReadonlyMap<AnyStateNode, Value>, state: AnyStateNode): Value {
  const value = map.get(state);
  if (value === undefined) throw new Error(`State "${state.id}" is not a state of this chart`);
  return value;
}
