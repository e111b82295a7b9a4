// What a chart means, spelled out on small charts and asked of both runners.

import { describe, expect, test } from "vitest";
import { setup } from "xstate";
import { compile } from "../../../packages/core/src/engine/compile.ts";
import { interpret } from "../../../packages/core/src/engine/interpret.ts";
import type { ActionCall } from "../../../packages/core/src/engine/runner.ts";

interface Facts {
  readonly size: number;
  readonly names: readonly string[];
}

interface Happening {
  readonly type: string;
  readonly name?: string;
}

const nobody: Facts = { size: 0, names: [] };
const silence: Happening = { type: "" };
const seen: unknown[] = [];

const charts = setup({
  types: { context: nobody, events: silence },
  guards: {
    always: () => true,
    never: () => false,
    isKnown: ({ context, event }) => context.names.includes(event.name ?? ""),
    isOver: ({ context }, params: { limit: number }) => context.size > params.limit,
    isSeen: (args, params: unknown) => seen.push(args, params) > 0,
  },
  actions: { note: (_, _params: { of: string }) => {}, plain: () => {} },
});

const note = (of: string) => ({ type: "note", params: { of } }) as const;
const told = (actions: readonly ActionCall[]): unknown[] => actions.map(({ type, params }) => params?.["of"] ?? type);

/** Entries and exits that tell of themselves. */
const telling = (name: string) => ({ entry: note(`+${name}`), exit: note(`-${name}`) });

const player = charts.createMachine({
  id: "player",
  context: nobody,
  initial: "stopped",
  ...telling("player"),
  meta: { rfc: 1, timeout: "long" },
  on: {
    EJECT: { target: ".ejected", actions: note("eject") },
    RESUME: ".playing.last",
    RESUME_TRACK: ".playing.lastTrack",
  },
  states: {
    stopped: { ...telling("stopped"), on: { PLAY: "playing" } },
    playing: {
      ...telling("playing"),
      initial: { target: "first", actions: note("begin") },
      meta: { timeout: "short", wants: "track" },
      on: {
        STOP: { target: "stopped", actions: [note("stop"), "plain"] },
        SELF: { target: "playing" },
        AGAIN: { target: "playing", reenter: true },
        SECOND: ".second",
        SECOND_AGAIN: { target: ".second", reenter: true },
        "*": { actions: note("any in playing") },
      },
      states: {
        first: { ...telling("first"), on: { NEXT: "second", NOTED: { actions: note("noted") } } },
        second: {
          ...telling("second"),
          initial: "verse",
          states: {
            verse: {
              ...telling("verse"),
              meta: { wants: "chorus" },
              on: { NEXT: "chorus", UP: "#player.playing.second" },
            },
            chorus: { ...telling("chorus"), on: { EJECT: {} } },
          },
        },
        last: { type: "history", history: "shallow", target: "second" },
        lastTrack: { type: "history", history: "deep" },
      },
    },
    ejected: { type: "final", ...telling("ejected"), meta: { timeout: "none" } },
  },
});

describe.each([
  ["interpreted", interpret],
  ["compiled", compile],
] as const)("an %s chart", (_, ready) => {
  /** A runner of the player that has taken these events. */
  const playerAfter = (...types: string[]) => {
    const { runner } = ready(player).start(nobody);
    for (const type of types) runner.send({ type }, nobody);
    return { runner, send: (type: string) => told(runner.send({ type }, nobody)) };
  };

  test("starts in its initial leaf and calls for the entries from the outside in", () => {
    const { runner, actions } = ready(player).start(nobody);
    expect(runner.state).toBe("stopped");
    expect(told(actions)).toEqual(["+player", "+stopped"]);
    expect(runner.done).toBe(false);
  });

  test("calls for exits from the inside out, then the transition's own actions, then entries", () => {
    const { runner, send } = playerAfter("PLAY", "NEXT");
    expect(runner.state).toBe("playing.second.verse");
    expect(send("STOP")).toEqual(["-verse", "-second", "-playing", "stop", "plain", "+stopped"]);
  });

  test("calls for the actions of initial where the state is entered by default", () => {
    expect(playerAfter().send("PLAY")).toEqual(["-stopped", "+playing", "begin", "+first"]);
  });

  test("gives the params of an action as the chart has them", () => {
    const { runner } = ready(player).start(nobody);
    runner.send({ type: "PLAY" }, nobody);
    expect(runner.send({ type: "STOP" }, nobody).slice(2, 4)).toEqual([
      { type: "note", params: { of: "stop" } },
      { type: "plain" },
    ]);
  });

  test("stays where it is and leaves nothing for a transition without a target", () => {
    const { runner, send } = playerAfter("PLAY");
    expect(send("NOTED")).toEqual(["noted"]);
    expect(runner.state).toBe("playing.first");
  });

  test("does not leave a state that targets itself, and enters its initial state anew", () => {
    const { runner, send } = playerAfter("PLAY", "NEXT");
    expect(send("SELF")).toEqual(["-verse", "-second", "+first"]);
    expect(runner.state).toBe("playing.first");
  });

  test("leaves and enters a state that reenters itself", () => {
    expect(playerAfter("PLAY").send("AGAIN")).toEqual(["-first", "-playing", "+playing", "begin", "+first"]);
  });

  test("does not leave the state that targets its own descendant, unless it reenters", () => {
    expect(playerAfter("PLAY").send("SECOND")).toEqual(["-first", "+second", "+verse"]);
    expect(playerAfter("PLAY").send("SECOND_AGAIN")).toEqual(["-first", "-playing", "+playing", "+second", "+verse"]);
  });

  test("leaves and enters an ancestor that is targeted from within", () => {
    expect(playerAfter("PLAY", "NEXT").send("UP")).toEqual(["-verse", "-second", "+second", "+verse"]);
  });

  test("asks the inner state first, wildcards included", () => {
    const { runner, send } = playerAfter("PLAY");
    expect(send("EJECT")).toEqual(["any in playing"]);
    expect(runner.done).toBe(false);
  });

  test("keeps a forbidden event from the states further out", () => {
    const { runner, send } = playerAfter("PLAY", "NEXT", "NEXT");
    expect(runner.state).toBe("playing.second.chorus");
    expect(runner.can({ type: "EJECT" }, nobody)).toBe(false);
    expect(send("EJECT")).toEqual([]);
    expect(runner.state).toBe("playing.second.chorus");
  });

  test("restores the child that was active from shallow history, and enters its initial state", () => {
    const { runner, send } = playerAfter("PLAY", "NEXT", "NEXT", "STOP");
    expect(send("RESUME")).toEqual(["-stopped", "+playing", "+second", "+verse"]);
    expect(runner.state).toBe("playing.second.verse");
  });

  test("restores the leaf that was active from deep history", () => {
    const { runner, send } = playerAfter("PLAY", "NEXT", "NEXT", "STOP");
    expect(send("RESUME_TRACK")).toEqual(["-stopped", "+playing", "+second", "+chorus"]);
    expect(runner.state).toBe("playing.second.chorus");
  });

  test("takes the default of a history state that has nothing to remember", () => {
    expect(playerAfter().send("RESUME")).toEqual(["-stopped", "+playing", "+second", "+verse"]);
    expect(playerAfter().send("RESUME_TRACK")).toEqual(["-stopped", "+playing", "begin", "+first"]);
  });

  test("is done in a final state, leaves everything and ignores what follows", () => {
    const { runner, send } = playerAfter();
    expect(send("EJECT")).toEqual(["-stopped", "eject", "+ejected", "-ejected", "-player"]);
    expect([runner.state, runner.done]).toEqual(["ejected", true]);
    expect(runner.can({ type: "RESUME" }, nobody)).toBe(false);
    expect(send("RESUME")).toEqual([]);
    expect(runner.state).toBe("ejected");
  });

  test("has the meta of all active states, the innermost value of a key winning", () => {
    expect(playerAfter().runner.meta).toEqual({ rfc: 1, timeout: "long" });
    expect(playerAfter("PLAY").runner.meta).toEqual({ rfc: 1, timeout: "short", wants: "track" });
    expect(playerAfter("PLAY", "NEXT").runner.meta).toEqual({ rfc: 1, timeout: "short", wants: "chorus" });
    expect(playerAfter("EJECT").runner.meta).toEqual({ rfc: 1, timeout: "none" });
  });

  test("gives no meaning to events that no state names", () => {
    const { runner } = playerAfter();
    expect(runner.can({ type: "NEXT" }, nobody)).toBe(false);
    expect(runner.send({ type: "NEXT" }, nobody)).toEqual([]);
    expect(runner.state).toBe("stopped");
  });

  test.each(["*", "xstate.init", "xstate.stop", "xstate.error.actor.x"])(
    "gives no meaning to the reserved event %s, under a wildcard either",
    (type) => {
      const { runner, send } = playerAfter("PLAY");
      expect(runner.can({ type }, nobody)).toBe(false);
      expect(send(type)).toEqual([]);
      expect(runner.state).toBe("playing.first");
      expect(send("anything")).toEqual(["any in playing"]);
    },
  );

  test("runs any number of runners apart from one another, memories included", () => {
    const program = ready(player);
    const { runner: one } = program.start(nobody);
    const { runner: other } = program.start(nobody);
    for (const type of ["PLAY", "NEXT", "NEXT", "STOP", "RESUME_TRACK"]) one.send({ type }, nobody);
    other.send({ type: "RESUME_TRACK" }, nobody);
    expect([one.state, other.state]).toEqual(["playing.second.chorus", "playing.first"]);
  });
});

const gate = charts.createMachine({
  id: "gate",
  context: nobody,
  initial: "closed",
  on: { PUSH: { guard: "always", actions: note("pushed from outside") } },
  states: {
    closed: {
      on: {
        KNOCK: [
          { guard: "isKnown", target: "open", actions: note("welcome") },
          { guard: { type: "isOver", params: { limit: 3 } }, actions: note("too many") },
          { actions: note("who is there") },
        ],
        PUSH: [
          { guard: "never", target: "open" },
          { guard: { type: "isOver", params: { limit: 9 } }, target: "open" },
        ],
        LOOK: { guard: { type: "isSeen", params: { through: "window" } }, actions: "plain" },
        GLANCE: { guard: "isSeen", actions: "plain" },
        "*": { guard: "isKnown", actions: note("greeting") },
      },
    },
    open: {},
  },
});

describe.each([
  ["interpreted", interpret],
  ["compiled", compile],
] as const)("the guards of an %s chart", (_, ready) => {
  const closed = () => ready(gate).start(nobody).runner;

  test("let the first transition through whose guard holds on the facts, the event and the params", () => {
    const many: Facts = { size: 4, names: [] };
    const friends: Facts = { size: 4, names: ["ana"] };
    expect(told(closed().send({ type: "KNOCK", name: "ana" }, friends))).toEqual(["welcome"]);
    expect(told(closed().send({ type: "KNOCK", name: "bob" }, friends))).toEqual(["too many"]);
    expect(told(closed().send({ type: "KNOCK", name: "ana" }, many))).toEqual(["too many"]);
    expect(told(closed().send({ type: "KNOCK" }, nobody))).toEqual(["who is there"]);
  });

  test("read the facts of their own event only", () => {
    const runner = closed();
    const friends: Facts = { size: 4, names: ["ana"] };
    expect(runner.can({ type: "KNOCK", name: "ana" }, friends)).toBe(true);
    runner.send({ type: "KNOCK", name: "bob" }, friends);
    expect(told(runner.send({ type: "KNOCK", name: "ana" }, nobody))).toEqual(["who is there"]);
  });

  test("pass the event on, to the state's wildcard first, when none of them holds", () => {
    const friends: Facts = { size: 0, names: ["ana"] };
    expect(told(closed().send({ type: "PUSH", name: "ana" }, friends))).toEqual(["greeting"]);
    expect(told(closed().send({ type: "PUSH" }, friends))).toEqual(["pushed from outside"]);
    expect(closed().can({ type: "OTHER" }, friends)).toBe(false);
  });

  test("are called with the facts and the event themselves, and with the params", () => {
    const event: Happening = { type: "LOOK" };
    seen.length = 0;
    closed().send(event, nobody);
    expect(seen).toEqual([{ context: nobody, event }, { through: "window" }]);
    expect((seen[0] as { context: unknown }).context).toBe(nobody);
    expect((seen[0] as { event: unknown }).event).toBe(event);
    seen.length = 0;
    closed().send({ type: "GLANCE" }, nobody);
    expect(seen[1]).toBeUndefined();
  });

  test("and all else leave facts and events as they are", () => {
    const facts: Facts = Object.freeze({ size: 4, names: Object.freeze(["ana"]) });
    const runner = closed();
    for (const type of ["OTHER", "PUSH", "LOOK", "KNOCK"]) runner.send(Object.freeze({ type, name: "ana" }), facts);
    expect(runner.state).toBe("open");
    expect(facts).toEqual({ size: 4, names: ["ana"] });
  });

  test("are asked by can without any change of state", () => {
    const runner = closed();
    const friends: Facts = { size: 4, names: ["ana"] };
    expect(runner.can({ type: "KNOCK", name: "ana" }, friends)).toBe(true);
    expect(runner.state).toBe("closed");
  });
});

describe("a compiled chart", () => {
  test("gives back the same frozen list of actions each time", () => {
    const program = compile(player);
    const play = () => program.start(nobody).runner.send({ type: "PLAY" }, nobody);
    expect(play()).toBe(play());
    expect(Object.isFrozen(play())).toBe(true);
    expect(play().every(Object.isFrozen)).toBe(true);
    const nothing = program.start(nobody).runner.send({ type: "NEXT" }, nobody);
    expect(nothing).toEqual([]);
    expect(Object.isFrozen(nothing)).toBe(true);
  });
});
