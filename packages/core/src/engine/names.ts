// What the names in a chart stand for: its actions, its guards, the default targets of its history states. A chart holds
// no functions, so that a name is all that it may use; whatever else it uses is refused.

import type { AnyStateNode } from "xstate";
import { isDescendant, isHistory, parentOf } from "./chart.ts";
import { ChartNotCompilableError } from "./refusal.ts";
import type { ActionCall } from "./runner.ts";
import type { NamedGuard } from "./table.ts";

/**
 * An action as a chart names it, `"name"` or `{ type, params }`, as a runner calls for it.
 * @throws ChartNotCompilableError for a function, a built-in action, a name not declared in `setup({ actions })`.
 */
export function actionCall(state: AnyStateNode, action: unknown): ActionCall {
  const { type, params } = reference(state, action, "action");
  const declared = implementation(state.machine.implementations.actions, type);
  if (declared === undefined) {
    throw new ChartNotCompilableError(
      state,
      `the action "${type}", which is not declared`,
      "Declare it in setup({ actions }).",
    );
  }
  if (typeof declared !== "function" || "resolve" in declared) {
    throw new ChartNotCompilableError(
      state,
      `the built-in action ${builtIn(declared)} under the name "${type}"`,
      "Declare a function that does nothing: the session performs the action.",
    );
  }
  return Object.freeze(params === undefined ? { type } : { type, params });
}

/**
 * A guard as a chart names it, `"name"` or `{ type, params }`, once it is sure to be implemented; `undefined` where there is no guard.
 * @throws ChartNotCompilableError for a function, a combinator, a name not implemented in `setup({ guards })`.
 */
export function guardCall(state: AnyStateNode, guard: unknown): NamedGuard | undefined {
  if (guard === undefined) return undefined;
  const { type, params } = reference(state, guard, "guard");
  const holds = implementation(state.machine.implementations.guards, type);
  if (holds === undefined) {
    throw new ChartNotCompilableError(
      state,
      `the guard "${type}", which is not implemented`,
      "Implement it in setup({ guards }).",
    );
  }
  if (!isPredicate(holds)) {
    throw new ChartNotCompilableError(
      state,
      `a guard combinator or an alias under the name "${type}"`,
      "Implement it as one plain function of { context, event }.",
    );
  }
  return params === undefined ? { type } : { type, params };
}

/**
 * The state that a history state stands for until its parent was first left: its own target, or its parent's initial state.
 * @throws ChartNotCompilableError where that is no ordinary state within the parent.
 */
export function historyDefault(history: AnyStateNode): AnyStateNode {
  const state = defaultTarget(history);
  if (state === undefined || isHistory(state) || !isDescendant(state, parentOf(history))) {
    throw new ChartNotCompilableError(
      history,
      "a default target that is not an ordinary state within its parent",
      "Name one state within the history state's parent, by its path from that parent or by id.",
    );
  }
  return state;
}

/** XState resolves this only when it is needed and keeps it to itself, so that it is resolved here again. */
function defaultTarget(history: AnyStateNode): AnyStateNode | undefined {
  const target: unknown = history.config.target;
  if (target === undefined || target === "") return parentOf(history).initial.target[0];
  if (typeof target !== "string") return undefined;
  if (target.startsWith("#")) return history.machine.getStateNodeById(target);
  return target.split(".").reduce<AnyStateNode | undefined>((state, key) => state?.states[key], parentOf(history));
}

interface Reference {
  readonly type: string;
  readonly params: Readonly<Record<string, unknown>> | undefined;
}

function reference(state: AnyStateNode, named: unknown, kind: "action" | "guard"): Reference {
  if (typeof named === "string") return { type: named, params: undefined };
  if (typeof named === "function") throw new ChartNotCompilableError(state, inline(named, kind), insteadOfInline(kind));
  if (!isParameterized(named)) {
    throw new ChartNotCompilableError(state, `an ${kind} without a name`, `Write "name" or { type: "name", params }.`);
  }
  if (holdsFunction(named.params)) {
    throw new ChartNotCompilableError(
      state,
      `a function in the params of the ${kind} "${named.type}"`,
      "Params are static data: what changes belongs into the facts or the event.",
    );
  }
  return { type: named.type, params: named.params };
}

/** Tells XState's built-in actions and guard combinators, which are functions, from a function of the chart's author. */
function inline(named: object, kind: "action" | "guard"): string {
  if ("resolve" in named) return `the built-in action ${builtIn(named)}`;
  if ("check" in named) return `the guard combinator ${"name" in named ? String(named.name) : ""}`;
  return `an inline function as ${kind}`;
}

function insteadOfInline(kind: "action" | "guard"): string {
  return kind === "action"
    ? "Name an action, declared in setup({ actions }); the session performs it, and memory lives in the session's facts."
    : "Name a guard, implemented in setup({ guards }) as one plain function.";
}

function builtIn(action: unknown): string {
  const type = typeof action === "function" && "type" in action ? String(action.type) : typeof action;
  return type.startsWith("xstate.") ? type.slice("xstate.".length) : type;
}

function isPredicate(candidate: unknown): boolean {
  return typeof candidate === "function" && !("check" in candidate);
}

function isParameterized(named: unknown): named is Reference {
  return typeof named === "object" && named !== null && "type" in named && typeof named.type === "string";
}

function holdsFunction(value: unknown): boolean {
  if (typeof value === "object" && value !== null) return Object.values(value).some(holdsFunction);
  return typeof value === "function";
}

/** An own property, so that no name finds what every object inherits. */
function implementation(implementations: Readonly<Record<string, unknown>>, name: string): unknown {
  return Object.hasOwn(implementations, name) ? implementations[name] : undefined;
}
