// Each block of each document in this folder is a test: played whole, octet by octet, and octet by octet ahead of decisions.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { clientMachine, serverMachine } from "@carteiro/core/machines";
import { describe, expect, test } from "vitest";
import { readTranscripts, type Role, type Transcript } from "../support/transcript.ts";
import { eventTypes } from "../support/transcript-values.ts";
import { play, type Manner, type Passage } from "../support/transcript-player.ts";

const manners: readonly Manner[] = ["whole", "octets", "ahead"];

const documents = readdirSync(import.meta.dirname, { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".md"))
  .toSorted()
  .map((name) => [name, transcriptsIn(name)] as const)
  .filter(([, transcripts]) => transcripts.length > 0);

function transcriptsIn(name: string): readonly Transcript[] {
  const file = join(import.meta.dirname, name);
  return readTranscripts(file, readFileSync(file, "utf8"));
}

describe.each(documents)("%s", (_, transcripts) => {
  for (const transcript of transcripts) {
    test(transcript.headings.join(" › "), () => {
      for (const manner of manners) play(transcript, manner);
    });
  }
});

describe("all transcripts together", () => {
  const all = documents.flatMap(([, transcripts]) => transcripts);

  function passages(role: Role): readonly Passage[] {
    return all.filter((transcript) => transcript.role === role).flatMap(passage);
  }

  /** Those that do not hold are told of above. */
  function passage(transcript: Transcript): readonly Passage[] {
    try {
      return [play(transcript, "whole")];
    } catch {
      return [];
    }
  }

  test.each([
    ["server", serverMachine, ["connecting", "authenticating.stepping"]],
    ["client", clientMachine, ["opening.stepping", "opening.weighing"]],
  ] as const)("lead the %s through every state of its chart", (role, machine, leftAtOnce) => {
    const visited = new Set(passages(role).flatMap(({ states }) => [...states]));
    expect([...visited, ...leftAtOnce].toSorted()).toEqual(leavesOf(machine.root).toSorted());
  });

  test("make sessions tell every event there is", () => {
    const told = new Set([...passages("server"), ...passages("client")].flatMap(({ events }) => typesOf(events)));
    // Told of mechanisms of the application's own alone, which no transcript has.
    const writable = [...eventTypes].filter((type) => type !== "mechanismFailed");
    expect([...told].toSorted()).toEqual(writable.toSorted());
  });

  test("tell nothing that cannot be written down as JSON", () => {
    for (const { events } of [...passages("server"), ...passages("client")]) {
      for (const event of events.map((told) => withoutOctets(told)))
        expect(JSON.parse(JSON.stringify(event))).toEqual(event);
    }
  });

  test("have a name each", () => {
    const names = all.map(({ file, headings }) => [file, ...headings].join(" › "));
    expect(names).toEqual([...new Set(names)]);
  });
});

interface StateNode {
  readonly type: string;
  readonly path: readonly string[];
  readonly states: Readonly<Record<string, StateNode>>;
}

function leavesOf(node: StateNode): string[] {
  const children = Object.values(node.states);
  if (children.length === 0) return node.type === "history" ? [] : [node.path.join(".")];
  return children.flatMap(leavesOf);
}

function typesOf(events: Passage["events"]): string[] {
  return events.map(({ type }) => type);
}

/** Octets are the one thing in events that JSON has no word for. */
function withoutOctets(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString("latin1");
  if (Array.isArray(value)) return value.map(withoutOctets);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, withoutOctets(member)]));
}
