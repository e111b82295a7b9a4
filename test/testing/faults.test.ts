// Faults: what each rule comes to for a client of ours, in virtual time.

import type { SendResult, SmtpClient } from "@carteiro/driver";
import { SmtpError } from "@carteiro/driver";
import { VirtualClock } from "@carteiro/memory";
import { faults, testServer, type FaultPlan, type MemoryInbox } from "@carteiro/testing";
import { describe, expect, test } from "vitest";

const message = {
  from: "ana@example.org",
  to: ["bia@example.net", "cy@example.net"],
  content: `Subject: Hello\r\n\r\n${"Bom dia!\r\n".repeat(20)}`,
};

interface Outcome {
  readonly error: SmtpError | undefined;
  readonly result: SendResult | undefined;
  readonly inbox: MemoryInbox;
  readonly plan: FaultPlan;
  /** Virtual milliseconds. */
  readonly at: number;
}

/** One message sent to a server that misbehaves by these rules. */
async function sendUnder(rules: Parameters<typeof faults>[0], { startTls = false } = {}): Promise<Outcome> {
  const clock = new VirtualClock();
  const plan = faults(rules);
  const inbox = await testServer({ clock, startTls, wrapTransport: plan.wrapTransport });
  const { promise: at, resolve: settledAt } = Promise.withResolvers<number>();
  const sending = (async () => {
    let client: SmtpClient | undefined;
    try {
      client = await inbox.connect();
      return await client.send(message);
    } finally {
      settledAt(clock.now());
      client?.destroy();
    }
  })();
  const outcome = await clock.settle(
    sending.then(
      (result) => ({ result, error: undefined }),
      (error: unknown) => ({ error: error as SmtpError, result: undefined }),
    ),
  );
  plan.close();
  await clock.settle(inbox.close());
  return { ...outcome, inbox, plan, at: await at };
}

describe("a fault", () => {
  test.each([
    ["RCPT#2: reply 451 4.3.0 Later", [250, 451], 1],
    ["recipient <cy@example.net>: reply 550 5.1.1", [250, 550], 1],
    ["MAIL: delay 100, reply 452", [452, 452], 0],
    ["content-end: reply 451 4.3.0", [451, 451], 0],
  ])("%s answers in place of the server, which then does as it was said", async (rule, codes, delivered) => {
    const { result, inbox } = await sendUnder(rule);
    expect(result?.recipients.map(({ reply }) => reply?.code)).toEqual(codes);
    expect(inbox.messages.length).toBe(delivered);
  });

  test.each([
    ["greeting: stall", 300_000],
    ["MAIL: stall", 300_000],
    ["content-end: stall", 600_000],
  ])("%s lasts until the client's own deadline", async (rule, deadline) => {
    const { error, at } = await sendUnder(rule);
    expect(error).toBeInstanceOf(SmtpError);
    expect(at).toBe(deadline);
  });

  test.each(["RCPT: drop", "RCPT: drop 3", "RCPT: reset"])("%s ends the session", async (rule) => {
    const { error, inbox } = await sendUnder(rule);
    expect(error).toMatchObject({ name: "SmtpError" });
    expect(inbox.messages).toEqual([]);
  });
});
