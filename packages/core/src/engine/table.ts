// A chart flattened into a table of leaf state × event type → guards, next leaf, actions: what a session runs. It is plain data,
// made when the module loads (compile.ts) or before that (a generated module), with guards by name. An event costs a
// look-up and its guards, and allocates nothing where no guard is asked.

import { isReserved } from "./chart.ts";
import type { ActionCall, GuardArguments, Program, Runner } from "./runner.ts";

export interface ChartTable {
  /** The move into the initial state. */
  readonly start: TableMove;
  /** The leaf states; moves mean them by their place here. */
  readonly rows: readonly TableRow[];
}

export interface TableRow {
  readonly state: string;
  readonly meta: Readonly<Record<string, unknown>>;
  readonly done: boolean;
  /** By each event type that the leaf or a state around it names, in the order in which guards are asked. */
  readonly on: Readonly<Record<string, readonly TableTransition[]>>;
  /** For all other event types: the transitions under `*`. */
  readonly otherwise: readonly TableTransition[];
}

/** A transition as seen from one leaf. */
export interface TableTransition {
  readonly guard?: NamedGuard;
  /** Whether the transition does nothing but keep the event from the states further out. */
  readonly forbids: boolean;
  readonly move: TableMove;
  /** For a target that is a history state: its place in the runner's memory, and the moves by the row remembered there. */
  readonly recall?: { readonly slot: number; readonly moves: readonly (TableMove | undefined)[] };
}

export interface NamedGuard {
  readonly type: string;
  readonly params?: Readonly<Record<string, unknown>>;
}

export interface TableMove {
  readonly next: number;
  readonly actions: readonly ActionCall[];
  /** Places in memory that take the row being left. */
  readonly records: readonly number[];
}

interface PlainEvent {
  readonly type: string;
}

/** Guards by name, each with the parameters that the chart gives it. */
export type Predicates = Readonly<Record<string, Predicate>>;
type Predicate = (args: GuardArguments<unknown, unknown>, params: unknown) => unknown;

/** A row of the table with all that it leads to. */
interface Row {
  readonly index: number;
  readonly state: string;
  readonly meta: Readonly<Record<string, unknown>>;
  readonly done: boolean;
  readonly on: Map<string, readonly Candidate[]>;
  otherwise: readonly Candidate[];
  /** The event type that was asked for last, and what it has: mostly it is asked for again, and need not be looked up. */
  lastType: string;
  lastCandidates: readonly Candidate[];
}

interface Candidate {
  readonly guard: { readonly holds: Predicate; readonly params: unknown } | undefined;
  readonly forbids: boolean;
  readonly move: Move;
  readonly recall: { readonly slot: number; readonly moves: readonly (Move | undefined)[] } | undefined;
}

interface Move {
  readonly next: Row;
  readonly actions: readonly ActionCall[];
  readonly records: readonly number[];
}

const nothing: readonly ActionCall[] = Object.freeze([]);
const never: readonly Candidate[] = Object.freeze([]);

/**
 * Makes a table ready to run. The program holds no state of its own: any number of runners share it.
 * @param guards The implementation of each guard that the table names. Throws `Error` where one is missing.
 */
export function program<Facts, Event extends PlainEvent>(
  table: ChartTable,
  guards: Readonly<Record<string, (args: GuardArguments<Facts, Event>, params: never) => unknown>>,
): Program<Facts, Event> {
  const { next, actions } = new Linker(table, guards as Predicates).start();
  const slots = historySlots(table);
  return { start: () => ({ runner: new TableRunner(next, slots), actions }) };
}

class TableRunner implements Runner<unknown, PlainEvent> {
  #row: Row;
  /** By history state: the index of the row that was active when its parent was last left; nothing where it never was. */
  readonly #memory: number[];

  constructor(row: Row, slots: number) {
    this.#row = row;
    this.#memory = new Array<number>(slots).fill(-1);
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

/** How many history states have a place in memory. */
function historySlots({ rows }: ChartTable): number {
  const transitions = rows.flatMap(({ on, otherwise }) => [...Object.values(on).flat(), ...otherwise]);
  const recorded = transitions.flatMap(({ move, recall }) => [
    ...move.records,
    ...(recall === undefined ? [] : [recall.slot]),
  ]);
  return Math.max(-1, ...recorded) + 1;
}

/** The first transition whose guard holds. */
function select(row: Row, event: PlainEvent, facts: unknown): Candidate | undefined {
  const candidates = event.type === row.lastType ? row.lastCandidates : lookUp(row, event.type);
  let args: GuardArguments<unknown, PlainEvent> | undefined;
  // Not by an iterator, which costs more than what it goes through.
  for (let index = 0; index < candidates.length; index++) {
    const candidate = candidates[index];
    const guard = candidate?.guard;
    if (guard === undefined) return candidate;
    args ??= { context: facts, event };
    if (guard.holds(args, guard.params)) return candidate;
  }
  return undefined;
}

function lookUp(row: Row, type: string): readonly Candidate[] {
  row.lastType = type;
  row.lastCandidates = row.on.get(type) ?? (isReserved(type) ? never : row.otherwise);
  return row.lastCandidates;
}

/** Makes rows of a table refer to one another: they are made first and filled in afterwards. */
class Linker {
  readonly #table: ChartTable;
  readonly #guards: Predicates;
  readonly #rows: readonly Row[];

  constructor(table: ChartTable, guards: Predicates) {
    this.#table = table;
    this.#guards = guards;
    this.#rows = table.rows.map(({ state, meta, done }, index) => {
      return {
        index,
        state,
        meta: Object.freeze(meta),
        done,
        on: new Map(),
        otherwise: never,
        lastType: "*",
        lastCandidates: never,
      };
    });
  }

  start(): Move {
    this.#table.rows.forEach(({ on, otherwise }, index) => {
      const row = found(this.#rows, index);
      for (const [type, transitions] of Object.entries(on)) row.on.set(type, this.#candidates(transitions));
      row.otherwise = this.#candidates(otherwise);
    });
    return this.#move(this.#table.start);
  }

  #candidates(transitions: readonly TableTransition[]): readonly Candidate[] {
    return transitions.map(({ guard, forbids, move, recall }) => ({
      guard: guard && { holds: this.#predicate(guard.type), params: guard.params },
      forbids,
      move: this.#move(move),
      recall: recall && { slot: recall.slot, moves: recall.moves.map((each) => each && this.#move(each)) },
    }));
  }

  #move({ next, actions, records }: TableMove): Move {
    return { next: found(this.#rows, next), actions: Object.freeze(actions), records };
  }

  #predicate(name: string): Predicate {
    const predicate = Object.hasOwn(this.#guards, name) ? this.#guards[name] : undefined;
    if (predicate === undefined) throw new Error(`The guard "${name}" is not implemented`);
    return predicate;
  }
}

function found(rows: readonly Row[], index: number): Row {
  const row = rows[index];
  if (row === undefined) throw new Error(`The table has no row ${index}`);
  return row;
}
