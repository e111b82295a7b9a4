// What the compiler does not support is refused when the chart is compiled, by machine, state and feature.

import { describe, expect, test } from "vitest";
import {
  and,
  assign,
  cancel,
  createMachine,
  emit,
  enqueueActions,
  fromCallback,
  log,
  not,
  or,
  raise,
  sendTo,
  spawnChild,
  stateIn,
  stopChild,
} from "xstate";
import type { AnyStateMachine } from "xstate";
import { ChartNotCompilableError, compile } from "../../../packages/core/src/engine/compile.ts";

interface Config {
  readonly [key: string]: unknown;
}

const guards = { holds: () => true, combined: and(["holds", "holds"]), alias: "holds" as never };
const actions = { act: () => {}, forget: assign({}) };

/** A chart `post` whose state `office.counter` is made of `config`. */
function counter(config: Config, office: Config = {}): AnyStateMachine {
  return chart({
    initial: "office",
    states: { office: { initial: "counter", states: { counter: config, shut: {} }, ...office } },
  });
}

function chart(config: Config): AnyStateMachine {
  return createMachine({ id: "post", ...config }, { guards, actions });
}

const on = (transition: unknown): Config => ({ on: { CALL: transition } });

/** Name of the feature in the message → the chart that uses it, in the state `office.counter`. */
const refused: Record<string, AnyStateMachine> = {
  "a parallel state": counter({ type: "parallel", states: { a: {}, b: {} } }),
  invoke: counter({ invoke: { src: fromCallback(() => {}) } }),
  after: counter({ after: { 1000: "shut" } }),
  always: counter({ always: { guard: "holds", target: "shut" } }),
  onDone: counter({ initial: "a", states: { a: {} }, onDone: "shut" }),
  route: counter({ id: "counter", route: {} }),
  output: counter({ output: 1 }),
  "a final state below the root": counter({ type: "final" }),
  "a history state as its initial state": counter({
    initial: "h",
    states: { a: {}, h: { type: "history", target: "a" } },
  }),
  "child states in a state that is not compound": counter({ type: "atomic", initial: "a", states: { a: {} } }),
  "an inline function as guard": counter(on({ guard: () => true, target: "shut" })),
  "an inline function as action": counter(on({ actions: () => {} })),
  "the guard combinator and": counter(on({ guard: and(["holds"]) })),
  "the guard combinator or": counter(on({ guard: or(["holds"]) })),
  "the guard combinator not": counter(on({ guard: not("holds") })),
  "the guard combinator stateIn": counter(on({ guard: stateIn("office") })),
  'a guard combinator or an alias under the name "combined"': counter(on({ guard: "combined" })),
  'a guard combinator or an alias under the name "alias"': counter(on({ guard: "alias" })),
  'the guard "unheard", which is not implemented': counter(on({ guard: "unheard" })),
  'the guard "toString", which is not implemented': counter(on({ guard: { type: "toString" } })),
  'a function in the params of the guard "holds"': counter(on({ guard: { type: "holds", params: () => ({}) } })),
  "the built-in action assign": counter(on({ actions: assign({}) })),
  "the built-in action raise": counter({ entry: raise({ type: "CALL" }) }),
  "the built-in action sendTo": counter({ exit: sendTo("other", { type: "CALL" }) }),
  "the built-in action cancel": counter({ entry: ["act", cancel("timer")] }),
  "the built-in action enqueueActions": counter({ entry: enqueueActions(() => {}) }),
  "the built-in action emit": counter({ entry: emit({ type: "CALL" }) }),
  "the built-in action log": counter({ entry: log("called") }),
  "the built-in action spawnChild": counter({ entry: spawnChild(fromCallback(() => {})) }),
  "the built-in action stopChild": counter({ entry: stopChild("child") }),
  'the built-in action assign under the name "forget"': counter(on({ actions: "forget" })),
  'the action "unheard", which is not declared': counter(on({ actions: ["act", "unheard"] })),
  'the action "hasOwnProperty", which is not declared': counter({ entry: "hasOwnProperty" }),
  'a function in the params of the action "act"': counter(
    on({ actions: { type: "act", params: { deep: [() => 1] } } }),
  ),
  "an action without a name": counter({ entry: { params: {} } }),
  'the partial wildcard "mouse.*"': counter({ on: { "mouse.*": "shut" } }),
  'the reserved event type "xstate.done.state.x"': counter({ on: { "xstate.done.state.x": "shut" } }),
  '2 targets for "CALL"': counter(on({ target: ["shut", "counter"] })),
  'the id "again" a second time': counter({ id: "again" }, { id: "again" }),
};

describe("a chart is refused", () => {
  test.each(Object.entries(refused))("for %s", (feature, machine) => {
    const refusal = refusalOf(machine);
    expect(refusal).toMatchObject({ machine: "post", state: "office.counter", feature });
    expect(refusal.message).toMatch(`Chart "post" cannot be compiled: state "office.counter" uses ${feature}. `);
    // What to use instead follows.
    expect(refusal.message).toMatch(/uses .+\. [A-Z].+\.$/);
  });

  test("for an unsupported action that initial calls for", () => {
    const machine = counter({}, { initial: { target: "counter", actions: "unheard" } });
    expect(refusalOf(machine)).toMatchObject({
      state: "office",
      feature: 'the action "unheard", which is not declared',
    });
  });

  test("for a history state whose default is another history state, nowhere, or outside its parent", () => {
    const feature = "a default target that is not an ordinary state within its parent";
    for (const target of ["other", "nowhere", "counter.nowhere", "#post.shut", "#post.office", ["counter"]]) {
      const states = {
        counter: {},
        history: { type: "history", target },
        other: { type: "history", target: "counter" },
      };
      const machine = chart({ initial: "office", states: { office: { initial: "counter", states }, shut: {} } });
      expect(refusalOf(machine)).toMatchObject({ state: "office.history", feature });
    }
  });

  test("for a key that would make the dotted path of the state ambiguous", () => {
    const machine = chart({ initial: "a", states: { a: {}, "b.c": {} } });
    expect(refusalOf(machine)).toMatchObject({ state: "b.c", feature: "a dot or a backslash in its key" });
  });

  test("for a function as context", () => {
    const refusal = refusalOf(chart({ context: () => ({}) }));
    expect(refusal).toMatchObject({ state: "", feature: "a function as context" });
    expect(refusal.message).toMatch("the root state uses a function as context");
  });

  test("for a root that is final, parallel or history", () => {
    expect(refusalOf(chart({ type: "final" })).feature).toBe("a final state below the root");
    expect(refusalOf(chart({ type: "parallel", states: { a: {} } })).feature).toBe("a parallel state");
    expect(refusalOf(chart({ type: "history" })).feature).toBe("a history state as the root");
  });

  test("for what stands in a transition that no event can reach", () => {
    const machine = counter(on([{ target: "shut" }, { guard: "unheard", target: "shut" }]));
    expect(refusalOf(machine).feature).toBe('the guard "unheard", which is not implemented');
  });
});

describe("a chart is taken", () => {
  test("with descriptions, tags, meta, explicit types, shorthands and a root without states", () => {
    const machine = counter({
      type: "atomic",
      description: "Somebody waits",
      tags: ["busy"],
      meta: { rfc: 1 },
      ...on("shut"),
      entry: "act",
    });
    expect(compile(machine).start({}).runner.state).toBe("office.counter");
    expect(
      compile(chart({ on: { CALL: { actions: "act" } } }))
        .start({})
        .runner.send({ type: "CALL" }, {}),
    ).toEqual([{ type: "act" }]);
  });
});

function refusalOf(machine: AnyStateMachine): ChartNotCompilableError {
  try {
    compile(machine);
  } catch (error) {
    if (error instanceof ChartNotCompilableError) return error;
    throw error;
  }
  throw new Error("The chart was taken");
}
