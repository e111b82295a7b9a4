// Two walks of a chart: XState's own graph under facts that stay, and the compiled chart under facts that change at
// every step. Both give every step there is, each once, for tests to find fault with.

import {
  initialTransition,
  transition,
  type AnyMachineSnapshot,
  type AnyStateMachine,
  type AnyStateNode,
} from "xstate";
import { getAdjacencyMap } from "xstate/graph";
import { compile } from "../../packages/core/src/engine/compile.ts";

export interface Action {
  readonly type: string;
  readonly params?: Readonly<Record<string, unknown>>;
}

/** One event taken in one state. */
export interface Step<Facts = unknown> {
  readonly from: string;
  readonly event: string;
  readonly to: string;
  readonly actions: readonly Action[];
  readonly facts: Facts;
}

/** What a chart says of a state that can be active with no state active inside it. */
export interface Leaf {
  readonly path: string;
  readonly description: string | undefined;
  readonly meta: Readonly<Record<string, unknown>>;
  readonly final: boolean;
}

export function leavesOf(machine: AnyStateMachine): Leaf[] {
  return nodesOf(machine.root)
    .filter(({ type }) => type === "atomic" || type === "final")
    .map(({ path, description, meta, type }) => ({
      path: path.join("."),
      description,
      meta: (meta ?? {}) as Leaf["meta"],
      final: type === "final",
    }));
}

/** Names of all states but the root and those of history, without what they lie in. */
export function stateNamesOf(machine: AnyStateMachine): string[] {
  return nodesOf(machine.root)
    .filter((node) => node !== machine.root && node.type !== "history")
    .map(({ key }) => key);
}

function nodesOf(node: AnyStateNode): AnyStateNode[] {
  return [node, ...Object.values(node.states).flatMap(nodesOf)];
}

/** The events that the chart names; the wildcard stands for all of them anyway. */
export function eventsOf(machine: AnyStateMachine): string[] {
  return machine.events.filter((event) => event !== "*");
}

/** Every combination of the facts, each of them true or false. */
export function* combinations<Name extends string>(names: readonly Name[]): Generator<Record<Name, boolean>> {
  for (let choice = 0; choice < 2 ** names.length; choice++) {
    const chosen = names.map((name, bit) => [name, (choice & (1 << bit)) !== 0] as const);
    yield Object.fromEntries(chosen) as Record<Name, boolean>;
  }
}

/** None of the facts, all of them, and each and each two alone or alone missing: where there are too many for every combination. */
export function fewCombinations<Name extends string>(names: readonly Name[]): Record<Name, boolean>[] {
  const few = new Map<string, Record<Name, boolean>>();
  const keep = (odd: ReadonlySet<Name>, value: boolean) => {
    const facts = Object.fromEntries(names.map((name) => [name, odd.has(name) ? value : !value]));
    few.set(JSON.stringify(facts), facts as Record<Name, boolean>);
  };
  for (const one of names)
    for (const other of names) for (const value of [true, false]) keep(new Set([one, other]), value);
  for (const value of [true, false]) keep(new Set(), value);
  return [...few.values()];
}

/** All steps that XState's graph of the chart finds while the facts stay what they are. */
export function graphOf<Facts>(machine: AnyStateMachine, facts: Facts): Step<Facts>[] {
  const steps = new Map<string, Step<Facts>>();
  const [initial] = initialTransition(machine);
  getAdjacencyMap(
    // The graph asks for states alone; the actions are noted on the way.
    {
      getInitialSnapshot: () => initial,
      getPersistedSnapshot: (snapshot: AnyMachineSnapshot) => snapshot,
      transition(snapshot: AnyMachineSnapshot, event: { type: string }) {
        const [next, actions] = transition(machine, snapshot, event);
        const step = {
          from: leafOf(snapshot),
          event: event.type,
          to: leafOf(next),
          actions: actions as Action[],
          facts,
        };
        steps.set(`${configuration(snapshot)} ${event.type}`, step);
        return next;
      },
    },
    {
      fromState: { ...initial, context: facts } as AnyMachineSnapshot,
      events: eventsOf(machine).map((type) => ({ type })),
      serializeState: configuration,
      stopWhen: (snapshot: AnyMachineSnapshot) => snapshot.status === "done",
    },
  );
  return [...steps.values()];
}

function leafOf(snapshot: AnyMachineSnapshot): string {
  return snapshot._nodes.find(({ type }) => type === "atomic" || type === "final")?.path.join(".") ?? "";
}

/** The state, and what its history states remember. */
function configuration(snapshot: AnyMachineSnapshot): string {
  const remembered = Object.values(snapshot.historyValue).map((nodes) => nodes.map(({ id }) => id).join(","));
  return [leafOf(snapshot), ...remembered].join(" ");
}

export interface Walk<Facts, Model> {
  readonly machine: AnyStateMachine;
  /** The facts that each step is tried under; `any`: whatever those may be that its guards look at. */
  readonly facts: readonly Facts[] | "any";
  /** What a test follows along the way; it tells apart what the chart's state alone does not. A plain value. */
  readonly start: (actions: readonly Action[]) => Model;
  /** The model after a step; finds fault with steps that must not be. */
  readonly follow: (model: Model, step: Step<Facts>) => Model;
}

/** Events, and the facts under each, that lead from the start to some state. */
export type Way<Facts> = readonly { readonly event: { readonly type: string }; readonly facts: Facts }[];

interface Node<Facts, Model> {
  readonly model: Model;
  readonly way: Way<Facts>;
}

export interface Walked<Facts> {
  /** How many steps were taken. */
  readonly steps: number;
  /** A way to each state that was found. */
  readonly ways: readonly Way<Facts>[];
}

/**
 * Takes every event in every state that can be reached, whatever the facts were on the way: under each of the facts.
 * States are told apart by the chart's state and the model.
 */
export function walkCompiled<Facts, Model>({ machine, facts, start, follow }: Walk<Facts, Model>): Walked<Facts> {
  const program = compile(machine);
  const events = eventsOf(machine);
  const begun = program.start(undefined);
  const first: Node<Facts, Model> = { model: start(begun.actions), way: [] };
  const queue = [first];
  const seen = new Set([`${begun.runner.state} ${JSON.stringify(first.model)}`]);
  const ways = [first.way];
  let steps = 0;
  for (let node = queue.pop(); node !== undefined; node = queue.pop()) {
    const { model: before, way: past } = node;
    for (const event of events) {
      const take = (given: Facts): void => {
        const { runner } = program.start(undefined);
        for (const step of past) runner.send(step.event, step.facts);
        const from = runner.state;
        const actions = runner.send({ type: event }, given);
        const model = follow(before, { from, event, to: runner.state, actions, facts: given });
        steps += 1;
        const key = `${runner.state} ${JSON.stringify(model)}`;
        if (seen.has(key)) return;
        seen.add(key);
        const way = [...past, { event: { type: event }, facts: { ...given } }];
        ways.push(way);
        queue.push({ model, way });
      };
      if (facts === "any") underAnyFacts(take as (facts: unknown) => void);
      else for (const given of facts) take(given);
    }
  }
  return { steps, ways };
}

/** Takes a step under each combination of those facts that are looked at on the way: of no others, and of none twice. */
function underAnyFacts(take: (facts: unknown) => void): void {
  const choices: Readonly<Record<string, boolean>>[] = [{}];
  for (let chosen = choices.pop(); chosen !== undefined; chosen = choices.pop()) {
    const known: Record<string, boolean> = { ...chosen };
    const noting = new Proxy(known, {
      get(_, name: string) {
        if (!(name in known)) {
          choices.push({ ...known, [name]: true });
          known[name] = false;
        }
        return known[name];
      },
    });
    take(noting);
  }
}
