// Random charts within what the engine supports, for holding the two runners against each other: nested states, history,
// every way of naming a target, guards on random facts, wildcards, forbidden events, entry, exit and initial actions.

import fc from "fast-check";
import { setup } from "xstate";
import type { AnyStateMachine } from "xstate";

/** The one fact that the guards of a random chart read. */
export interface Bits {
  readonly bits: number;
}

export interface RandomEvent {
  readonly type: string;
  readonly n: number;
}

export interface RandomChart {
  readonly machine: AnyStateMachine;
  /** The guards asked since this was last emptied, in order, with what each of them saw. */
  readonly asked: string[];
}

/** A chart, made anew from its configuration. Printed as that configuration when a property fails. */
export interface RandomChartPlan {
  readonly config: StateConfig;
  build(): RandomChart;
}

export const namedEvents: readonly string[] = ["A", "B", "C", "D"];

/** Events by which the root sends a chart anywhere, so that no state stays out of reach. */
export const jumps: readonly string[] = Array.from({ length: 16 }, (_, index) => `JUMP${index}`);

export function randomChart(): fc.Arbitrary<RandomChartPlan> {
  const root = fc.record({
    ...stateParts,
    children: fc.array(stateSpec(2), { minLength: 2, maxLength: 3 }),
    histories,
    finals,
  });
  return root.map((spec) => {
    const chart = placed(spec, "chart", undefined);
    const config = withJumps(configOf(chart), chart);
    return {
      config,
      build: () => build(config),
      [fc.toStringMethod]: () =>
        JSON.stringify(config, (_, value: unknown) => (value === undefined ? "(undefined)" : value)),
    };
  });
}

// --- What is generated: a tree that says nothing yet of names. Numbers choose among what turns out to be there. ---------

interface StateSpec {
  readonly children: readonly StateSpec[];
  readonly histories: readonly HistorySpec[];
  readonly finals: number;
  readonly initial: number;
  readonly initialActions: readonly ActionConfig[] | undefined;
  readonly ownId: boolean;
  readonly explicitType: boolean;
  readonly on: readonly (readonly [string, HandlerSpec])[];
  readonly meta: Readonly<Record<string, unknown>> | undefined;
  readonly entry: readonly ActionConfig[];
  readonly exit: readonly ActionConfig[];
}

interface HistorySpec {
  readonly deep: boolean;
  readonly form: number;
  readonly ownId: boolean;
  readonly target: number | undefined;
}

/** `undefined` and `{}` forbid an event. */
type HandlerSpec = undefined | "forbidden" | readonly TransitionSpec[];

interface TransitionSpec {
  readonly target: number | undefined;
  readonly form: number;
  readonly reenter: boolean | undefined;
  readonly guard: unknown;
  readonly actions: readonly ActionConfig[];
}

type ActionConfig = string | { readonly type: string; readonly params?: Readonly<Record<string, unknown>> };

const oneInTwo = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(value, { nil: undefined, freq: 2 });
const choice = fc.nat(10_000);

const action: fc.Arbitrary<ActionConfig> = fc.oneof(
  fc.constantFrom("ping", "pong"),
  fc.record({ type: fc.constantFrom("note", "mark"), params: fc.record({ n: fc.nat(9) }) }),
  fc.record({ type: fc.constant("bare") }),
);
const actions = fc.array(action, { maxLength: 2 });

const guard: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom("bit0", "bit1", "bit2", "odd"),
  fc.record({ type: fc.constant("bit"), params: fc.record({ index: fc.nat(2) }) }),
);

const transition: fc.Arbitrary<TransitionSpec> = fc.record({
  target: fc.option(choice, { nil: undefined, freq: 8 }),
  form: choice,
  reenter: fc.constantFrom(undefined, undefined, false, true, true),
  guard: oneInTwo(guard),
  actions,
});

const handler: fc.Arbitrary<HandlerSpec> = fc.oneof(
  { weight: 8, arbitrary: fc.array(transition, { minLength: 1, maxLength: 3 }) },
  { weight: 1, arbitrary: fc.constantFrom<HandlerSpec>(undefined, "forbidden", []) },
);

const descriptor = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...namedEvents) },
  { weight: 1, arbitrary: fc.constant("*") },
);

const histories: fc.Arbitrary<readonly HistorySpec[]> = fc.array(
  fc.record({ deep: fc.boolean(), form: choice, ownId: fc.boolean(), target: oneInTwo(choice) }),
  { maxLength: 2, size: "max" },
);
const finals = fc.constantFrom(0, 0, 0, 1);

const stateParts = {
  initial: choice,
  initialActions: fc.option(actions, { nil: undefined, freq: 2 }),
  ownId: fc.boolean(),
  explicitType: fc.boolean(),
  on: fc.uniqueArray(fc.tuple(descriptor, handler), {
    minLength: 1,
    maxLength: 4,
    size: "max",
    selector: ([type]) => type,
  }),
  meta: oneInTwo(fc.dictionary(fc.constantFrom("rfc", "timeout", "wants"), fc.nat(9))),
  entry: actions,
  exit: actions,
};

function stateSpec(depth: number): fc.Arbitrary<StateSpec> {
  const atomic = fc.record({
    ...stateParts,
    children: fc.constant([]),
    histories: fc.constant([]),
    finals: fc.constant(0),
  });
  if (depth === 0) return atomic;
  const children = fc.array(stateSpec(depth - 1), { minLength: 1, maxLength: 3, size: "max" });
  return fc.oneof(atomic, fc.record({ ...stateParts, children, histories, finals: fc.constant(0) }));
}

// --- The tree with names, and the configuration that XState reads ------------------------------------------------------

interface Placed {
  readonly kind: "state" | "final" | "history";
  readonly key: string;
  readonly id: string;
  readonly ownId: boolean;
  readonly parent: Placed | undefined;
  readonly spec: StateSpec | undefined;
  readonly history: HistorySpec | undefined;
  readonly inner: Placed[];
}

export interface StateConfig {
  readonly [key: string]: unknown;
}

function placed(spec: StateSpec, key: string, parent: Placed | undefined): Placed {
  const self = place("state", key, parent, spec, undefined);
  spec.children.forEach((child, index) => self.inner.push(placed(child, `s${index}`, self)));
  spec.histories.forEach((history, index) => self.inner.push(place("history", `h${index}`, self, undefined, history)));
  for (let index = 0; index < spec.finals; index++)
    self.inner.push(place("final", `f${index}`, self, undefined, undefined));
  return self;
}

function place(
  kind: Placed["kind"],
  key: string,
  parent: Placed | undefined,
  spec: StateSpec | undefined,
  history: HistorySpec | undefined,
): Placed {
  const ownId = spec?.ownId ?? history?.ownId ?? false;
  const id =
    parent === undefined ? key : ownId ? `${parent.id.replaceAll(".", "_")}_${key}` : `chart.${pathOf(parent, key)}`;
  return { kind, key, id, ownId, parent, spec, history, inner: [] };
}

function pathOf(parent: Placed, key: string): string {
  return parent.parent === undefined ? key : `${pathOf(parent.parent, parent.key)}.${key}`;
}

function configOf(state: Placed): StateConfig {
  const id = state.parent === undefined || state.ownId ? { id: state.id } : {};
  if (state.history !== undefined) return { ...id, ...historyConfig(state, state.history) };
  const told = {
    entry: [{ type: "enter", params: { id: state.id } }],
    exit: [{ type: "leave", params: { id: state.id } }],
  };
  const { spec } = state;
  if (spec === undefined) return { type: "final", meta: { over: state.key }, ...told };
  return {
    ...id,
    ...(spec.explicitType ? { type: state.inner.length > 0 ? "compound" : "atomic" } : {}),
    ...(spec.meta === undefined ? {} : { meta: spec.meta }),
    description: `State ${state.id}`,
    tags: ["state"],
    entry: [...told.entry, ...spec.entry],
    // One action alone may stand without an array.
    exit: spec.exit.length === 0 ? told.exit[0] : [...spec.exit, ...told.exit],
    on: Object.fromEntries(spec.on.map(([type, handlerSpec]) => [type, handlerConfig(state, handlerSpec)])),
    ...(state.inner.length === 0 ? {} : innerConfig(state, spec)),
  };
}

function withJumps(config: StateConfig, root: Placed): StateConfig {
  const states = everyState(root).filter(({ parent }) => parent !== undefined);
  const targets = states.map(({ id }, index): [string, string] => [jumps[index] ?? "JUMP", `#${id}`]);
  return { ...config, on: { ...Object.fromEntries(targets), ...(config["on"] as StateConfig) } };
}

function innerConfig(state: Placed, spec: StateSpec): StateConfig {
  const candidates = state.inner.filter(({ kind }) => kind === "state");
  const initial = candidates[spec.initial % candidates.length]?.key;
  return {
    initial: spec.initialActions === undefined ? initial : { target: initial, actions: spec.initialActions },
    states: Object.fromEntries(state.inner.map((child) => [child.key, configOf(child)])),
  };
}

function historyConfig(state: Placed, { deep, form, target }: HistorySpec): StateConfig {
  const shallow =
    form % 3 === 0 ? { type: "history" } : { history: form % 3 === 1 ? true : "shallow", type: "history" };
  const type = deep ? { type: "history", history: "deep" } : shallow;
  const parent = state.parent;
  if (target === undefined || parent === undefined)
    return form % 3 === 0 && !deep ? { ...type, history: "shallow" } : type;
  const candidates = everyState(parent).filter((other) => other !== parent && other.kind === "state");
  const chosen = candidates[target % candidates.length];
  return chosen === undefined
    ? type
    : { ...type, target: form % 2 === 0 ? `#${chosen.id}` : relativePath(chosen, parent) };
}

function handlerConfig(state: Placed, spec: HandlerSpec): unknown {
  if (spec === undefined) return undefined;
  if (spec === "forbidden") return {};
  const configs = spec.map((one) => transitionConfig(state, one));
  const [only] = configs;
  if (only === undefined || configs.length > 1) return configs;
  return typeof only["target"] === "string" && Object.keys(only).length === 1 ? only["target"] : only;
}

function transitionConfig(source: Placed, spec: TransitionSpec): StateConfig {
  return {
    ...(spec.target === undefined ? {} : { target: targetName(source, chosenTarget(source, spec.target), spec.form) }),
    ...(spec.reenter === undefined ? {} : { reenter: spec.reenter }),
    ...(spec.guard === undefined ? {} : { guard: spec.guard }),
    ...(spec.actions.length === 0 ? {} : { actions: spec.actions.length === 1 ? spec.actions[0] : spec.actions }),
  };
}

/** Any state of the chart; history states come up more often, since there are fewer of them, and final ones and the root less. */
function chosenTarget(source: Placed, target: number): Placed {
  let root = source;
  while (root.parent !== undefined) root = root.parent;
  const all = everyState(root);
  const lasting = all.filter(({ kind, parent }) => kind !== "final" && parent !== undefined);
  const recalling = all.filter(({ kind }) => kind === "history");
  const candidates = [...all, ...lasting, ...lasting, ...recalling, ...recalling];
  return candidates[target % candidates.length] ?? root;
}

/** One of the ways in which the source can name the target: `#id`, `#id.path`, `sibling.path`, `.child.path`. */
function targetName(source: Placed, target: Placed, form: number): string {
  const ways = [`#${target.id}`];
  if (isWithin(target, source)) ways.push(`.${relativePath(target, source)}`);
  if (source.parent !== undefined && isWithin(target, source.parent)) ways.push(relativePath(target, source.parent));
  if (target.parent !== undefined && !target.parent.id.includes(".")) ways.push(`#${target.parent.id}.${target.key}`);
  return ways[form % ways.length] ?? `#${target.id}`;
}

function everyState(state: Placed): Placed[] {
  return [state, ...state.inner.flatMap(everyState)];
}

function isWithin(state: Placed, ancestor: Placed): boolean {
  return state.parent !== undefined && (state.parent === ancestor || isWithin(state.parent, ancestor));
}

function relativePath(state: Placed, ancestor: Placed): string {
  return state.parent === undefined || state.parent === ancestor
    ? state.key
    : `${relativePath(state.parent, ancestor)}.${state.key}`;
}

// --- The machine --------------------------------------------------------------------------------------------------------

interface Asked {
  readonly context: Bits;
  readonly event: RandomEvent;
}

const noBits: Bits = { bits: 0 };
const noEvent: RandomEvent = { type: "", n: 0 };

function build(config: StateConfig): RandomChart {
  const asked: string[] = [];
  const ask = (name: string, { context, event }: Asked, holds: boolean): boolean => {
    asked.push(`${name} with ${context.bits} and ${event.type}${event.n}: ${holds}`);
    return holds;
  };
  const bit = (index: number) => (args: Asked) => ask(`bit${index}`, args, ((args.context.bits >> index) & 1) === 1);
  const chart = setup({
    types: { context: noBits, events: noEvent },
    guards: {
      bit0: bit(0),
      bit1: bit(1),
      bit2: bit(2),
      bit: (args: Asked, { index }: { index: number }) =>
        ask(`bit(${index})`, args, ((args.context.bits >> index) & 1) === 1),
      odd: (args: Asked) => ask("odd", args, args.event.n % 2 === 1),
    },
    actions: { ping: idle, pong: idle, note: idle, mark: idle, bare: idle, enter: idle, leave: idle },
  });
  return { machine: chart.createMachine({ context: noBits, ...config }), asked };
}

function idle(): void {}
