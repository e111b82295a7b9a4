// That the properties of simulations see what is wrong: accounts that were true are changed, and must not pass.

import { expect, test } from "vitest";
import { play, type Account } from "./play.ts";
import { isGarbled, scenarioOf, type Scenario } from "./scenario.ts";
import { judge } from "./truth.ts";

const played = Promise.all(
  Array.from({ length: 40 }, async (_, seed) => {
    const scenario = scenarioOf(seed);
    return { scenario, account: await play(scenario) };
  }),
);

/** Simulations in which this can be changed at all. */
async function changed(change: (account: Account, scenario: Scenario) => Account | undefined): Promise<number> {
  let seen = 0;
  for (const { scenario, account } of await played) {
    judge(scenario, account);
    const other = change(account, scenario);
    if (other === undefined || isGarbled(scenario)) continue;
    expect(() => judge(scenario, other)).toThrow();
    seen += 1;
  }
  return seen;
}

const isRead = ({ promised: [first] }: Account, { mails }: Scenario) =>
  first !== undefined && mails.every(({ handling, content }) => handling !== "unread" && content !== "");

test.each<[string, (account: Account, scenario: Scenario) => Account | undefined]>([
  [
    "a message that is said to be accepted, and was not",
    (account) =>
      account.outcomes.some(({ result }) => result?.recipients.some(({ accepted }) => accepted))
        ? { ...account, promised: [] }
        : undefined,
  ],
  [
    "a message that was accepted, and nobody was told",
    (account) => (account.promised.length > 0 ? { ...account, outcomes: [] } : undefined),
  ],
  [
    "a message that was accepted twice",
    (account) =>
      account.promised.length > 0 ? { ...account, promised: [...account.promised, ...account.promised] } : undefined,
  ],
  [
    "an octet that is missing",
    (account, scenario) =>
      isRead(account, scenario)
        ? { ...account, promised: account.promised.map((one) => ({ ...one, content: one.content?.slice(0, -1) })) }
        : undefined,
  ],
  [
    "somebody else's message",
    (account, scenario) =>
      isRead(account, scenario)
        ? { ...account, promised: account.promised.map((one) => ({ ...one, content: "another's\r\n" })) }
        : undefined,
  ],
  [
    "a recipient who was refused",
    (account) =>
      account.promised.length > 0
        ? { ...account, promised: account.promised.map((one) => ({ ...one, to: ["refused0"] })) }
        : undefined,
  ],
  ["an exception that no handler threw", (account) => ({ ...account, errors: [new TypeError("x is undefined")] })],
  [
    "an error that is none of ours",
    (account) =>
      account.outcomes.length > 0
        ? { ...account, outcomes: account.outcomes.map((one) => ({ ...one, result: undefined, error: "oops" })) }
        : undefined,
  ],
])("a simulation does not pass with %s", async (_, change) => {
  expect(await changed(change)).toBeGreaterThan(5);
});
