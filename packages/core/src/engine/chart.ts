// Reading the tree of states that XState resolves from a chart: ancestry, names, meta. Shared by both runners.

import type { AnyStateNode } from "xstate";

/** Event types that XState keeps for itself; neither runner gives them a meaning. */
export function isReserved(eventType: string): boolean {
  return eventType === "*" || eventType.startsWith("xstate.");
}

/** The state and all that it lies in, innermost first, root last. */
export function ancestry(state: AnyStateNode): AnyStateNode[] {
  const path: AnyStateNode[] = [];
  for (let node: AnyStateNode | undefined = state; node !== undefined; node = node.parent) path.push(node);
  return path;
}

/** The state around one that is known not to be the root. */
export function parentOf(state: AnyStateNode): AnyStateNode {
  if (state.parent === undefined) throw new Error(`The root state of chart "${state.machine.id}" lies in no other`);
  return state.parent;
}

/** Whether `state` lies somewhere within `ancestor`, itself not counted. */
export function isDescendant(state: AnyStateNode, ancestor: AnyStateNode): boolean {
  return state !== ancestor && ancestry(state).includes(ancestor);
}

export function isHistory(state: AnyStateNode): boolean {
  return state.type === "history";
}

/** Whether the state can be active with no state active inside it. */
export function isLeaf(state: AnyStateNode): boolean {
  return state.type === "atomic" || state.type === "final";
}

/** The state and all states within it, in document order. */
export function descendantsAndSelf(state: AnyStateNode): AnyStateNode[] {
  return [state, ...Object.values(state.states).flatMap(descendantsAndSelf)];
}

/** The state's dotted path from the root, the root's own name left out. */
export function statePath(state: AnyStateNode): string {
  return state.path.join(".");
}

/** The `meta` of a leaf and of all that it lies in, the inner value of a key winning over the outer. */
export function mergedMeta(leaf: AnyStateNode): Readonly<Record<string, unknown>> {
  return Object.freeze(
    Object.assign(
      {},
      ...ancestry(leaf)
        .toReversed()
        .map((state) => state.meta),
    ),
  );
}
