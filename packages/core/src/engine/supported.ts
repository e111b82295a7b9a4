// What a chart may say so that it can be compiled. All else is refused when the module loads: by state, by feature, and
// with what to use instead.

import type { AnyStateMachine, AnyStateNode, AnyTransitionDefinition } from "xstate";
import { descendantsAndSelf, isHistory, isReserved } from "./chart.ts";
import { actionCall, guardCall, historyDefault } from "./names.ts";
import { ChartNotCompilableError } from "./refusal.ts";

/** @throws ChartNotCompilableError for the first thing found in the chart that `compile` does not support. */
export function checkSupported(machine: AnyStateMachine): void {
  const { root } = machine;
  const states = descendantsAndSelf(root);
  if (typeof machine.config.context === "function") {
    throw new ChartNotCompilableError(
      root,
      "a function as context",
      "Give a plain value: guards read the facts handed in with each event.",
    );
  }
  const ids = new Set<string>();
  for (const state of states) {
    if (ids.has(state.id))
      throw new ChartNotCompilableError(
        state,
        `the id "${state.id}" a second time`,
        "Give each state an id of its own.",
      );
    ids.add(state.id);
  }
  for (const state of states) checkStructure(state);
  for (const state of states) checkTransitions(state);
  for (const state of states) checkNames(state);
}

interface Restriction {
  readonly feature: string;
  readonly instead: string;
  readonly isUsed: (state: AnyStateNode) => boolean;
}

const restrictions: readonly Restriction[] = [
  {
    feature: "a parallel state",
    instead: "Use a compound state, or run two charts side by side.",
    isUsed: (state) => state.type === "parallel",
  },
  {
    feature: "invoke",
    instead: "Call for the work with an action and hand its outcome in as an event.",
    isUsed: (state) => state.config.invoke !== undefined,
  },
  {
    feature: "after",
    instead: "Name the timeout in the state's meta and hand its elapsing in as an event.",
    isUsed: (state) => state.config.after !== undefined,
  },
  {
    feature: "always",
    instead: "Let each transition target, under its guard, the state in which the chart comes to rest.",
    isUsed: (state) => state.config.always !== undefined,
  },
  {
    feature: "onDone",
    instead: "Let the transition that ends the inner states target what follows them.",
    isUsed: (state) => state.config.onDone !== undefined,
  },
  {
    feature: "route",
    instead: "Write the transition out, with an event of its own.",
    isUsed: (state) => state.config.route !== undefined,
  },
  {
    feature: "output",
    instead: "Hand the result over with an action.",
    isUsed: (state) => state.config.output !== undefined,
  },
  {
    feature: "a final state below the root",
    instead: "Make it a child of the root, or use a plain state and target what follows it.",
    isUsed: (state) => state.type === "final" && state.parent !== state.machine.root,
  },
  {
    feature: "child states in a state that is not compound",
    instead: "Leave its type out, and name its initial state.",
    isUsed: (state) => state.type !== "compound" && Object.keys(state.states).length > 0,
  },
  {
    feature: "a history state as the root",
    instead: "Put it into a compound state.",
    isUsed: (state) => isHistory(state) && state.parent === undefined,
  },
  {
    feature: "a dot or a backslash in its key",
    instead: "Choose another key: the runner tells its state as a dotted path.",
    isUsed: (state) => state.parent !== undefined && (state.key.includes(".") || state.key.includes("\\")),
  },
  {
    feature: "a history state as its initial state",
    instead: "Name the initial state itself.",
    isUsed: (state) => state.type === "compound" && state.initial.target.some(isHistory),
  },
];

function checkStructure(state: AnyStateNode): void {
  const restriction = restrictions.find(({ isUsed }) => isUsed(state));
  if (restriction !== undefined) throw new ChartNotCompilableError(state, restriction.feature, restriction.instead);
}

function checkTransitions(state: AnyStateNode): void {
  for (const [descriptor, transitions] of state.transitions) {
    checkDescriptor(state, descriptor);
    for (const transition of transitions) checkTarget(state, transition);
  }
}

function checkDescriptor(state: AnyStateNode, descriptor: string): void {
  if (descriptor === "*") return;
  if (descriptor.includes("*")) {
    throw new ChartNotCompilableError(
      state,
      `the partial wildcard "${descriptor}"`,
      'Name each event type, or use "*".',
    );
  }
  if (isReserved(descriptor)) {
    throw new ChartNotCompilableError(
      state,
      `the reserved event type "${descriptor}"`,
      "Give the event a name of your own.",
    );
  }
}

function checkTarget(state: AnyStateNode, { eventType, target }: AnyTransitionDefinition): void {
  if (target !== undefined && target.length !== 1) {
    throw new ChartNotCompilableError(
      state,
      `${target.length} targets for "${String(eventType)}"`,
      "Target one state.",
    );
  }
}

/** Looks every name up, that of a transition which can never be taken too. */
function checkNames(state: AnyStateNode): void {
  if (isHistory(state)) historyDefault(state);
  for (const action of [...state.entry, ...state.exit, ...state.initial.actions]) actionCall(state, action);
  for (const transition of [...state.transitions.values()].flat()) {
    guardCall(state, transition.guard);
    for (const action of transition.actions) actionCall(state, action);
  }
}
