// Standing property 9: the charts that sessions run are the charts that XState runs. For random charts it is held in
// test/core/engine; here for SMTP's own two, from every state that they have, under any events and any facts, for the tables that are emitted of them, too.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { AnyStateMachine } from "xstate";
import { clientProgram } from "../../packages/core/src/client/emitted-program.ts";
import { initialClientFacts } from "../../packages/core/src/client/facts.ts";
import { clientMachine } from "../../packages/core/src/client/machine.ts";
import { serverProgram } from "../../packages/core/src/server/emitted-program.ts";
import { initialServerFacts } from "../../packages/core/src/server/facts.ts";
import { serverMachine } from "../../packages/core/src/server/machine.ts";
import { expectAgreement, type AnyProgram } from "../core/engine/agreement.ts";
import { times } from "../support/arbitraries.ts";
import { eventsOf, leavesOf, walkCompiled, type Step } from "../support/chart-walk.ts";

type Facts = Readonly<Record<string, boolean>>;

/** Each fact alone, none and all: enough to get everywhere. */
function someFacts(names: readonly string[]): Facts[] {
  const where = (holds: (name: string) => boolean) => Object.fromEntries(names.map((name) => [name, holds(name)]));
  return [where(() => false), where(() => true), ...names.map((chosen) => where((name) => name === chosen))];
}

/** Where the server's dialogue was interrupted: what its chart remembers beside its state. */
const interrupted = (before: string, { from, to }: Step<Facts>) =>
  from.startsWith("dialogue.") && !to.startsWith("dialogue.") ? from : before;

const charts: readonly (readonly [string, AnyStateMachine, object, AnyProgram])[] = [
  ["server", serverMachine, initialServerFacts, serverProgram],
  ["client", clientMachine, initialClientFacts, clientProgram],
];

describe.each(charts)("the %s's chart, compiled, interpreted and emitted,", (_, machine, facts, emitted) => {
  const names = Object.keys(facts);
  const { ways } = walkCompiled<Facts, string>({
    machine,
    facts: someFacts(names),
    start: () => "",
    follow: interrupted,
  });
  const anyFacts = fc
    .array(fc.boolean(), { minLength: names.length, maxLength: names.length })
    .map((values) => Object.fromEntries(names.map((name, index) => [name, values[index]])));
  const occurrence = fc.record({
    event: fc.record({
      type: fc.oneof(
        { weight: 12, arbitrary: fc.constantFrom(...eventsOf(machine)) },
        { weight: 1, arbitrary: fc.constantFrom("*", "unheard", "xstate.init", "") },
      ),
    }),
    facts: anyFacts,
  });

  test("is the same in every state: its name, its meta, and what it takes", () => {
    const states = ways.flatMap((way) => expectAgreement(machine, way, [], emitted).states);
    expect(
      leavesOf(machine)
        .map(({ path }) => path)
        .filter((path) => !states.includes(path)),
    ).toEqual([]);
  });

  test("goes on in the same way from every state, under any events and any facts", { timeout: 900_000 }, () => {
    const onwards = fc.array(occurrence, { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(fc.constantFrom(...ways), onwards, (way, list) => {
        expectAgreement(machine, [...way, ...list], [], emitted);
      }),
      times(5),
    );
  });
});
