// One step of a chart worked out ahead: which states a transition leaves and enters, and the actions in XState's order.
// A port of the microstep of XState 5 (after SCXML's algorithm) to charts in which exactly one leaf state is active.

import type { AnyStateNode, AnyTransitionDefinition } from "xstate";
import { ancestry, isDescendant, isHistory, isLeaf, parentOf } from "./chart.ts";
import { actionCall, historyDefault } from "./names.ts";
import type { ActionCall } from "./runner.ts";

export interface Step {
  /** The active leaf state afterwards. */
  readonly leaf: AnyStateNode;
  readonly exited: readonly AnyStateNode[];
  /** Exits from the inside out, the transition's own, entries from the outside in. */
  readonly actions: readonly ActionCall[];
}

/** States that are entered; those that are entered by default also perform the actions of their `initial`. */
interface Entry {
  readonly states: Set<AnyStateNode>;
  readonly byDefault: Set<AnyStateNode>;
}

/** The step into the chart's initial state. */
export function initialStep(root: AnyStateNode): Step {
  const entry: Entry = { states: new Set([root]), byDefault: new Set([root]) };
  enterInside(root, entry);
  return finished([], [], entry, root);
}

/**
 * The step that `transition` takes when `leaf` is active.
 * @param remembered where the transition targets a history state: the leaf that was active when its parent was last
 * left, or `undefined` when it never was.
 */
export function stepOf(transition: AnyTransitionDefinition, leaf: AnyStateNode, remembered?: AnyStateNode): Step {
  const { source } = transition;
  const target = transition.target?.[0];
  const own = transition.actions.map((action) => actionCall(source, action));
  if (target === undefined) return { leaf, exited: [], actions: Object.freeze(own) };
  const destination = isHistory(target) ? restored(target, remembered) : target;
  const domain = domainOf(transition, destination);
  const exited = ancestry(leaf).filter((state) => domain === undefined || isDescendant(state, domain));
  const entry: Entry = { states: new Set(), byDefault: new Set() };
  if (isHistory(target)) enterHistory(target, destination, entry, remembered === undefined);
  else if (target !== source || transition.reenter) enterByDefault(target, entry);
  enterInside(destination, entry);
  enterAncestors(destination, domain, entry);
  return finished(exited, own, entry, leaf);
}

/** What a history state stands for. */
function restored(history: AnyStateNode, remembered: AnyStateNode | undefined): AnyStateNode {
  if (remembered === undefined) return historyDefault(history);
  if (history.history === "deep") return remembered;
  return ancestry(remembered).find((state) => state.parent === history.parent) ?? remembered;
}

/** The innermost state that the transition does not leave; `undefined` when even the root is left. */
function domainOf({ source, reenter }: AnyTransitionDefinition, destination: AnyStateNode): AnyStateNode | undefined {
  if (!reenter && (destination === source || isDescendant(destination, source))) return source;
  const common = ancestry(destination)
    .slice(1)
    .find((ancestor) => isDescendant(source, ancestor));
  return common ?? (reenter ? undefined : source.machine.root);
}

/**
 * A history state without memory and without a target of its own stands for its parent's `initial`, actions included.
 * XState enters all between the parent and the destination, what was never left included.
 */
function enterHistory(history: AnyStateNode, destination: AnyStateNode, entry: Entry, forgotten: boolean): void {
  const parent = parentOf(history);
  if (forgotten && !history.config.target) entry.byDefault.add(parent);
  entry.states.add(destination);
  enterAncestors(destination, parent, entry);
}

function enterByDefault(state: AnyStateNode, entry: Entry): void {
  entry.states.add(state);
  entry.byDefault.add(state);
}

/** Goes down from an entered state along the initial states. */
function enterInside(state: AnyStateNode, entry: Entry): void {
  const initial = state.type === "compound" ? state.initial.target[0] : undefined;
  if (initial === undefined) return;
  enterByDefault(initial, entry);
  enterInside(initial, entry);
}

function enterAncestors(state: AnyStateNode, until: AnyStateNode | undefined, entry: Entry): void {
  if (state === until) return;
  for (let node = state.parent; node !== undefined && node !== until; node = node.parent) entry.states.add(node);
}

function finished(
  exited: readonly AnyStateNode[],
  own: readonly ActionCall[],
  entry: Entry,
  before: AnyStateNode,
): Step {
  const entered = [...entry.states].toSorted((a, b) => a.order - b.order);
  const leaf = entered.find(isLeaf) ?? before;
  const actions = [
    ...exited.flatMap(exitCalls),
    ...own,
    ...entered.flatMap((state) => entryCalls(state, entry.byDefault)),
  ];
  // A chart that is done leaves everything: XState performs these exits, though the states stay the active ones.
  if (leaf.type === "final") actions.push(...ancestry(leaf).flatMap(exitCalls));
  return { leaf, exited, actions: Object.freeze(actions) };
}

function exitCalls(state: AnyStateNode): ActionCall[] {
  return state.exit.map((action) => actionCall(state, action));
}

function entryCalls(state: AnyStateNode, byDefault: ReadonlySet<AnyStateNode>): ActionCall[] {
  const initial = byDefault.has(state) ? state.initial.actions : [];
  return [...state.entry, ...initial].map((action) => actionCall(state, action));
}
