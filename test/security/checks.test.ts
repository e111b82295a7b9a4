// A flood of passwords to check: how many are checked at once, whose turn it is, and that none is a guess for nothing.

import { accept, reject, SmtpServer, type ServerOptions } from "@carteiro/driver";
import { VirtualClock } from "@carteiro/memory";
import { describe, expect, test } from "vitest";
import { CheckGate } from "../../packages/driver/src/check-gate.ts";
import { StepContext } from "../../packages/driver/src/step-context.ts";
import type { SessionInfo } from "../../packages/driver/src/server-options.ts";
import { many, Visit, type Visitor } from "../support/visitors.ts";

const second = 1_000;
const minute = 60_000;
const wrong = reject(535, "5.7.8", "No");
const hello = "EHLO a.example\r\n";
const plain = (password: string) => `AUTH PLAIN ${btoa(`\0user\0${password}`)}\r\n`;

/** A server whose every check takes a second, and what it has looked at, in order. */
function slow(options: Partial<ServerOptions> = {}) {
  const looked: string[] = [];
  let now = 0;
  let most = 0;
  const visit: Visit = new Visit({
    rates: { failedAuthentications: false },
    ...options,
    authentication: { allowInClear: true, ...options.authentication },
    onAuthenticate: async ({ session, password }) => {
      looked.push(session.remote.address ?? "");
      most = Math.max(most, ++now);
      await new Promise<void>((resolve) => void visit.clock.after(second, resolve));
      now -= 1;
      return password === "right" ? accept() : wrong;
    },
  });
  return { visit, looked, most: () => most };
}

async function say(visit: Visit, text: string, ...addresses: readonly (string | undefined)[]): Promise<Visitor[]> {
  const visitors = await visit.come(...addresses);
  for (const visitor of visitors) visitor.say(hello + text);
  await visit.clock.advance(0);
  return visitors;
}

const last = (visitors: readonly Visitor[]) => visitors.map(({ codes }) => codes.at(-1));

describe("checks of credentials", () => {
  test("are two at once by default, and an honest client does not wait behind all of an attacker's", async () => {
    const { visit, looked, most } = slow();
    await say(visit, plain("wrong"), ...many(90, "192.0.2.1"));
    const honest = await say(visit, plain("right"), "192.0.2.2");
    await visit.clock.advance(2 * second);
    expect(last(honest)).toEqual([235]);
    expect(looked.indexOf("192.0.2.2")).toBeLessThanOrEqual(3);
    await visit.clock.advance(2 * minute);
    expect(looked).toHaveLength(91);
    expect(most()).toBe(2);
  });

  test("take turns by client, however many each has asked for", async () => {
    const { visit, looked } = slow({ authentication: { checksAtOnce: 1 } });
    for (const address of ["192.0.2.1", "192.0.2.2", "192.0.2.3"]) await say(visit, plain("x"), ...many(3, address));
    await visit.clock.advance(minute);
    expect(looked.map((address) => address.at(-1)).join("")).toBe("112312323");
  });

  test("are so many at once as is said, over all and for one client", async () => {
    const { visit, looked } = slow({ authentication: { checksAtOnce: 6, checksPerClient: 3 } });
    await say(visit, plain("x"), ...many(9, "192.0.2.1"));
    expect(looked).toHaveLength(3);
    await say(visit, plain("x"), ...many(9, "192.0.2.2"), ...many(9, "192.0.2.3"));
    expect(looked).toHaveLength(6);
    await visit.clock.advance(minute);
    expect(looked).toHaveLength(27);
  });

  test("that wait longer than the time to decide are answered 454, and never looked at", async () => {
    const { visit, looked } = slow({ timeouts: { decision: 3 * second - 1 }, authentication: { checksAtOnce: 1 } });
    const visitors = await say(visit, plain("wrong"), ...many(6, "192.0.2.1"));
    await visit.clock.advance(minute);
    expect(last(visitors)).toEqual([535, 535, 454, 454, 454, 454]);
    expect(looked).toHaveLength(3);
  });

  test("that never settle make room when the time to decide is over", async () => {
    const visit: Visit = new Visit({
      authentication: { allowInClear: true },
      timeouts: { decision: minute },
      onAuthenticate: ({ password }) => (password === "right" ? accept() : new Promise(() => {})),
    });
    await say(visit, plain("wrong"), ...many(2, "192.0.2.1"));
    const honest = await say(visit, plain("right"), "192.0.2.2");
    await visit.clock.advance(minute - 1);
    expect(last(honest)).toEqual([250]);
    await visit.clock.advance(1);
    expect(last(honest)).toEqual([235]);
  });

  test("that are pending may all fail: those beyond the rate are refused 454 without a look", async () => {
    const { visit, looked } = slow({ rates: { failedAuthentications: { most: 5, within: 10 * minute } } });
    const visitors = await say(visit, plain("wrong"), ...many(20, "192.0.2.1"));
    await visit.clock.advance(minute);
    expect(last(visitors)).toEqual([...Array<number>(5).fill(535), ...Array<number>(15).fill(454)]);
    expect(looked).toHaveLength(5);
    await say(visit, plain("right"), "192.0.2.2");
    expect(looked).toHaveLength(6);
  });

  test("that succeed leave the rate as it was", async () => {
    const { visit } = slow({ rates: { failedAuthentications: { most: 2, within: 10 * minute } } });
    for (let nth = 0; nth < 4; nth++) {
      const visitors = await say(visit, plain("right"), ...many(2, "192.0.2.1"));
      await visit.clock.advance(2 * second);
      expect(last(visitors)).toEqual([235, 235]);
    }
  });

  test("are counted although the client has hung up, and those that wait then are left out", async () => {
    const { visit, looked } = slow({ rates: { failedAuthentications: { most: 5, within: 10 * minute } } });
    for (let nth = 0; nth < 4; nth++) {
      for (const visitor of await say(visit, plain("wrong"), ...many(5, "192.0.2.1"))) visitor.leave();
      await visit.clock.advance(2 * second);
    }
    expect(looked).toHaveLength(5);
    const [visitor] = await visit.come("192.0.2.1");
    expect(visitor?.codes).toEqual([421]);
  });

  test.each(["cancels the exchange", "hangs up"])("of a token are counted where the client then %s", async (how) => {
    const tokens: string[] = [];
    const visit = new Visit({
      authentication: { allowInClear: true, mechanisms: ["XOAUTH2"] },
      rates: { failedAuthentications: { most: 3, within: 10 * minute } },
      limits: { authenticationAttempts: 100 },
      onToken: ({ token }) => void tokens.push(token),
    });
    const guess = `AUTH XOAUTH2 ${btoa("user=u\x01auth=Bearer x\x01\x01")}\r\n`;
    for (let nth = 0; nth < 9; nth++) {
      const again = how === "hangs up" ? guess : `${guess}*\r\n`.repeat(2);
      for (const visitor of await say(visit, again, "192.0.2.1")) visitor.leave();
      await visit.clock.advance(second);
    }
    expect(tokens).toHaveLength(3);
  });

  test.each([
    { checksAtOnce: 0, named: "authentication.checksAtOnce is 0" },
    { checksPerClient: Number.NaN, named: "authentication.checksPerClient is NaN" },
  ])("have no limit that makes no sense: $named", ({ named, ...authentication }) => {
    const options = { hostname: "mx.example.org", authentication, onAuthenticate: () => accept() };
    expect(() => new SmtpServer(options, { startTls: false })).toThrow(named);
  });
});

describe("the gate before checks", () => {
  const step = () => new StepContext({} as SessionInfo);

  test("goes on behind a check that throws or rejects", async () => {
    const gate = new CheckGate({ checksAtOnce: 1, checksPerClient: 1, longest: Infinity }, new VirtualClock());
    const thrown = () => {
      throw new Error("thrown");
    };
    expect(() => gate.pass("a", step(), thrown)).toThrow("thrown");
    const rejected = gate.pass("a", step(), () => Promise.reject(new Error("rejected")));
    const behind = gate.pass("a", step(), thrown);
    const next = gate.pass("b", step(), () => "looked");
    await expect(rejected).rejects.toThrow("rejected");
    await expect(behind).rejects.toThrow("thrown");
    expect(await next).toBe("looked");
  });
});
