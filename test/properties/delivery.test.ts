// Standing property 10: client and server joined in memory deliver exactly what was sent under any faults that let them
// finish, and report failure, never silence and never a success that is none, under any other.

import type { RecipientResult } from "@carteiro/core";
import { SmtpError } from "@carteiro/driver";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { times } from "../support/arbitraries.ts";
import {
  fineScenarios,
  isFull,
  isRaw,
  play,
  sourceBroken,
  troubledScenarios,
  type Account,
  type Mail,
  type Outcome,
  type Scenario,
} from "../support/deliveries.ts";

/** What a server must have been given for it to be that content. */
function canonical(content: string): string {
  const text = content.replaceAll(/\r\n|\r|\n/g, "\r\n");
  return text === "" || text.endsWith("\r\n") ? text : `${text}\r\n`;
}

/** What is known of the recipients, and whether the server may have accepted more than that. */
function known(outcome: Outcome): { recipients: readonly RecipientResult[]; uncertain: boolean } {
  if ("result" in outcome) return { recipients: outcome.result.recipients, uncertain: false };
  const { error } = outcome;
  if (!(error instanceof SmtpError)) return { recipients: [], uncertain: false };
  return { recipients: error.result?.recipients ?? [], uncertain: error.result?.uncertain === true };
}

/** Whom the server refuses, at RCPT or after the content. */
function isRefused({ answeredEach }: Account, mail: Mail, index: number, local: string): boolean {
  return local.startsWith("no") || (mail.handling === "each" && answeredEach.has(index) && isFull(local));
}

function expectTruth(scenario: Scenario, account: Account): void {
  const { outcomes, promised, answeredEach } = account;
  for (const [index, outcome] of outcomes.entries()) {
    const mail = scenario.mails[index];
    if (mail === undefined) continue;
    const promises = promised.filter((one) => one.mail === index);
    const { recipients } = known(outcome);
    const named = (those: readonly RecipientResult[]) => those.map(({ recipient }) => recipient.localPart);
    const acknowledged = named(recipients.filter(({ accepted }) => accepted));
    const doubtful = named(recipients.filter((result) => result.uncertain === true));
    expect(promises.length).toBeLessThanOrEqual(1);
    // Never a success that is none: whom the client takes for served, the server has promised to serve, with this very content.
    expect(promises[0]?.to ?? []).toEqual(expect.arrayContaining(acknowledged));
    for (const { to, content } of promises) {
      if (scenario.protocol === "lmtp") expect(answeredEach.has(index)).toBe(true);
      expect(to).toEqual(mail.to.filter((local) => !isRefused(account, mail, index, local)));
      const expected = isRaw(scenario, mail) ? mail.content : canonical(mail.content);
      if (mail.handling !== "unread") expect(content).toBe(expected);
      // A promise that the client did not hear of is one it must not exclude.
      expect([...acknowledged, ...doubtful]).toEqual(expect.arrayContaining([...to]));
    }
    // Never silence: what did not come to a result came to an error that says why.
    if ("result" in outcome) expect(named(recipients)).toEqual(mail.to);
    else if (outcome.error !== sourceBroken) expect(outcome.error).toBeInstanceOf(SmtpError);
    else expect(promises).toEqual([]);
  }
}

describe("client and server joined in memory", () => {
  test(
    "deliver exactly what was sent, whatever the chunks, the latency and the handlers",
    { timeout: 900_000 },
    async () => {
      let delivered = 0;
      await fc.assert(
        fc.asyncProperty(fineScenarios, async (scenario) => {
          const account = await play(scenario);
          expect(account.opened).toBe(true);
          expectTruth(scenario, account);
          const isFine = ({ source, handling }: Mail) => {
            return !["throws", "stalls"].includes(source) && ["accept", "late", "unread", "each"].includes(handling);
          };
          // Up to the first message that ends the session by itself.
          for (const [index, mail] of scenario.mails.entries()) {
            if (["throws", "stalls"].includes(mail.source)) break;
            const outcome = account.outcomes[index];
            const wanted = mail.to.map((local) => isFine(mail) && !isRefused(account, mail, index, local));
            expect(
              outcome !== undefined && "result" in outcome && outcome.result.recipients.map(({ accepted }) => accepted),
            ).toEqual(wanted);
            delivered += wanted.filter(Boolean).length;
          }
        }),
      );
      expect(delivered).toBeGreaterThan(100);
    },
  );

  test(
    "tell the truth under any faults: no false success, no lost promise, no silence",
    { timeout: 900_000 },
    async () => {
      const seen = { served: 0, uncertain: 0, failed: 0, unopened: 0 };
      await fc.assert(
        fc.asyncProperty(troubledScenarios, async (scenario) => {
          const account = await play(scenario);
          expectTruth(scenario, account);
          if (!account.opened) seen.unopened += 1;
          for (const outcome of account.outcomes) {
            const { recipients, uncertain } = known(outcome);
            if (recipients.some(({ accepted }) => accepted)) seen.served += 1;
            else if (uncertain) seen.uncertain += 1;
            else if ("error" in outcome) seen.failed += 1;
          }
        }),
        times(8),
      );
      for (const count of Object.values(seen)) expect(count).toBeGreaterThan(3);
    },
  );

  const kinds = ["cut", "lost", "blocked", "ended"] as const;
  const ways = [
    ["data", "smtp"],
    ["chunks", "smtp"],
    ["bdat", "lmtp"],
  ] as const;

  test.each(kinds.flatMap((kind) => ways.map((way) => [kind, ...way] as const)))(
    "tell the truth where the connection is %s, at whichever octet, by %s over %s",
    { timeout: 900_000 },
    async (kind, manner, protocol) => {
      const mail: Mail = {
        to: ["a", "no1", "c", "b"],
        content: "One and two and three\r\n.Four\r\n",
        source: "text",
        handling: "each",
        binary: false,
        prdr: false,
      };
      const calm: Scenario = {
        mails: [mail],
        faults: [],
        latency: 1,
        chunkSizes: undefined,
        capacity: 65_536,
        tls: "plain",
        auth: false,
        pipelining: true,
        protocol,
        manner,
        deciding: 0,
      };
      const ends = new Set<string>();
      for (const direction of ["toServer", "toClient"] as const) {
        for (let at = 0, served = 0; served < 5; at++) {
          const scenario = { ...calm, faults: [{ kind, direction, at }] };
          const account = await play(scenario);
          expectTruth(scenario, account);
          const [outcome] = account.outcomes;
          const { recipients, uncertain } =
            outcome === undefined ? { recipients: [], uncertain: false } : known(outcome);
          const isServed = recipients.some(({ accepted }) => accepted);
          ends.add(isServed ? "served" : uncertain ? "uncertain" : account.opened ? "failed" : "unopened");
          served = isServed ? served + 1 : 0;
          expect(at).toBeLessThan(2_000);
        }
      }
      expect([...ends].toSorted((one, other) => one.localeCompare(other))).toEqual([
        "failed",
        "served",
        "uncertain",
        "unopened",
      ]);
    },
  );
});
