// The generator of docs/state-machines.md, on a small chart that has one of everything it draws.

import { describe, expect, test } from "vitest";
import { createMachine } from "xstate";
import { type ChartNode, diagram, table } from "../../.tools/chart-document.ts";

const door = createMachine({
  id: "door",
  initial: "closed",
  on: { BREAK: ".broken" },
  states: {
    closed: {
      description: "Somebody to open | lock it.",
      meta: { rfc: "RFC 1 §2", timeout: "short" },
      on: {
        OPEN: [{ guard: "locked" }, { guard: "watched", target: "open" }, { target: "open.wide" }],
        PUSH: "open",
        KNOCK: {},
        "*": { guard: "watched" },
      },
    },
    open: {
      initial: "ajar",
      on: { SLAM: "closed", KICK: ".wide" },
      states: {
        ajar: {
          on: { PUSH: "wide", PAUSE: "#door.paused.short", REST: "#door.paused.long", STOP: "#door.paused.stopped" },
        },
        wide: { on: { PULL: "#door.open" } },
        last: { type: "history", history: "deep" },
      },
    },
    paused: {
      initial: "short",
      states: { short: { on: { GO: "#door.open.last" } }, long: {}, stopped: {} },
    },
    broken: { type: "final" },
  },
});

const lines = diagram(door.root as unknown as ChartNode)
  .split("\n")
  .map((line) => line.trim());
const rows = table(door.root as unknown as ChartNode).split("\n");

describe("diagram", () => {
  test("nests states and marks where each level begins and ends", () => {
    expect(lines.slice(0, 4)).toEqual([
      "stateDiagram-v2",
      "[*] --> s_closed",
      'state "closed" as s_closed',
      'state "open" as s_open {',
    ]);
    expect(lines).toContain("s_broken --> [*]");
  });

  test("gathers what leads from one state to another on one line", () => {
    expect(lines).toContain("s_closed --> s_open : OPEN [watched], PUSH");
  });

  test("calls what guards leave over [else]", () => {
    expect(lines).toContain("s_closed --> s_open_wide : OPEN [else]");
  });

  test("draws no line for what is answered in place", () => {
    expect(lines.join("\n")).not.toContain("KNOCK");
  });

  test("draws history as a state of its own", () => {
    expect(lines).toContain('state "H*" as s_open_last');
    expect(lines).toContain("s_paused_short --> s_open_last : GO");
  });

  test("notes what a state leads to inside itself, since Mermaid draws no line there", () => {
    expect(lines).toContain("note left of s_broken : from anywhere in the chart by BREAK");
    expect(lines).toContain("note left of s_open_wide : from anywhere in open by KICK");
  });

  test("leads to the state entered where a state leads to the one around it", () => {
    expect(lines).toContain("s_open_wide --> s_open_ajar : PULL");
  });

  test("gathers many ways into one neighbour in a junction", () => {
    expect(lines).toContain("state s_paused_ <<choice>>");
    expect(lines).toContain("s_open_ajar --> s_paused_ : PAUSE, REST, STOP");
    expect(lines).toContain("s_paused_ --> s_paused_long : REST");
  });
});

describe("table", () => {
  test("says of each state what is awaited, its RFC, its timeout and its ways", () => {
    expect(rows).toContain(
      "| **closed** | Somebody to open \\| lock it. | RFC 1 §2 | short | " +
        "`OPEN [watched]`, `PUSH` → open; `OPEN [else]` → open.wide | `OPEN [locked]`, `KNOCK`, `anything else [watched]` |",
    );
  });

  test("has a row for a state around others only where that state takes events", () => {
    expect(rows.some((row) => row.startsWith("| **open** |"))).toBe(true);
    expect(rows.some((row) => row.startsWith("| **paused** |"))).toBe(false);
  });

  test("says where history leads", () => {
    expect(rows.find((row) => row.startsWith("| **paused.short** |"))).toContain("`GO` → wherever it was in open");
  });
});
