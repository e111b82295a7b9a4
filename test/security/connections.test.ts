// How many connections a server takes: in all and from one address. Those beyond are told so or dropped, hold nothing of
// the server's, and take nothing from those that are served.

import { disconnect } from "@carteiro/driver";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { codesOf } from "../support/raw-peers.ts";
import { codes, distinct, many, Visit, type Visitor } from "../support/visitors.ts";

const minute = 60_000;

describe("many connections", () => {
  test("server takes so many from one address, and tells the next that there are too many", async () => {
    const visit = new Visit({ connections: { perAddress: 3 } });
    const visitors = await visit.come(...many(5, "192.0.2.1"), "192.0.2.2", "2001:db8::1");
    expect(codes(visitors)).toEqual([220, 220, 220, 421, 421, 220, 220]);
    expect(visitors.map(({ ended }) => ended)).toEqual([false, false, false, true, true, false, false]);
  });

  test("server counts all addresses of an IPv6 /64 as one client, and an IPv4 address however it is written", async () => {
    const visit = new Visit({ connections: { perAddress: 2 } });
    const site = ["2001:db8:1:2::1", "2001:db8:1:2:3:4:5:6", "2001:DB8:1:2:ffff::", "2001:db8:1:3::1"];
    expect(codes(await visit.come(...site))).toEqual([220, 220, 421, 220]);
    expect(codes(await visit.come("192.0.2.1", "::ffff:192.0.2.1", "::ffff:c000:201", "192.0.2.2"))).toEqual([
      220, 220, 421, 220,
    ]);
  });

  test("server takes a client's place back from its /64 once it has left", async () => {
    const visit = new Visit({ connections: { perAddress: 1 } });
    const [first] = await visit.come("2001:db8::1");
    first?.say("QUIT\r\n");
    await visit.clock.advance(minute);
    expect(codes(await visit.come("2001:db8::2", "2001:db8::3"))).toEqual([220, 421]);
  });

  test("server takes so many in all, wherever they come from", async () => {
    const visit = new Visit({ connections: { total: 4 } });
    expect(codes(await visit.come(...distinct(6)))).toEqual([220, 220, 220, 220, 421, 421]);
  });

  test("server by default takes a thousand in all, and a hundred from one address", async () => {
    const visit = new Visit();
    const fromOne = await visit.come(...many(101, "192.0.2.1"));
    expect(codes(fromOne).filter((code) => code === 220)).toHaveLength(100);
    const fromMany = await visit.come(...distinct(901));
    expect(codes(fromMany).filter((code) => code === 220)).toHaveLength(900);
  });

  test("server serves another as soon as one has left, however that went", async () => {
    const ways: readonly ((visitor: Visitor) => void)[] = [
      (visitor) => visitor.say("QUIT\r\n"),
      (visitor) => visitor.leave(),
      (visitor) => visitor.say("GET / HTTP/1.1\r\n"),
      (visitor) => visitor.say("EHLO a\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\nx\r\n.\r\nQUIT\r\n"),
    ];
    for (const way of ways) {
      const visit = new Visit({ connections: { total: 1 } });
      const [first] = await visit.come("192.0.2.1");
      if (first !== undefined) way(first);
      await visit.clock.advance(minute);
      expect(codes(await visit.come("192.0.2.1"))).toEqual([220]);
    }
  });

  test("server counts right whoever comes and goes", async () => {
    const comings = fc.array(fc.record({ from: fc.nat(3), leaves: fc.option(fc.nat(20), { nil: undefined }) }), {
      maxLength: 40,
    });
    await fc.assert(
      fc.asyncProperty(comings, async (list) => {
        const visit = new Visit({ connections: { total: 6, perAddress: 2 } });
        const served: { visitor: Visitor; from: number }[] = [];
        for (const { from, leaves } of list) {
          const isFull = served.length >= 6 || served.filter((other) => other.from === from).length >= 2;
          const [visitor] = await visit.come(`192.0.2.${from}`);
          if (visitor === undefined) continue;
          expect(codes([visitor])).toEqual([isFull ? 421 : 220]);
          if (!isFull) served.push({ visitor, from });
          const [gone] = leaves === undefined ? [] : served.splice(leaves, 1);
          gone?.visitor.say("QUIT\r\n");
          // Longer than a farewell takes, and in all shorter than a client may be silent.
          await visit.clock.advance(5_000);
        }
        expect(visit.server.connections).toBe(served.length);
      }),
    );
  });

  test("server counts those of whom no address is known in all, and not as if they were one", async () => {
    const visit = new Visit({ connections: { total: 4, perAddress: 1 } });
    expect(codes(await visit.come(...many(6, undefined)))).toEqual([220, 220, 220, 220, 421, 421]);
  });

  test("server drops without a word what it has not even the time to refuse, and serves those whom it serves", async () => {
    const visit = new Visit({ connections: { total: 1 } });
    const [served] = await visit.come("192.0.2.1");
    const rest = await visit.come(...distinct(1_000));
    expect(codes(rest).filter((code) => code === 421).length).toBeGreaterThan(0);
    expect(codes(rest).filter((code) => code !== 421 && code !== 0)).toEqual([]);
    expect(rest.every(({ ended }) => ended)).toBe(true);
    expect(visit.server.connections).toBeLessThanOrEqual(101);
    served?.say("EHLO a\r\n");
    await visit.clock.advance(minute);
    expect(codesOf(served?.heard ?? "")).toEqual([220, 250]);
    expect(visit.server.connections).toBe(1);
  });

  test("server asks nobody about a connection that is one too many, and executes nothing that comes with it", async () => {
    const asked: string[] = [];
    const visit = new Visit({
      connections: { total: 1 },
      onConnection: () => void asked.push("connection"),
      onHello: ({ name }) => void asked.push(name),
      onMail: () => void asked.push("mail"),
    });
    await visit.come("192.0.2.1");
    const [refused] = await visit.come("192.0.2.2");
    refused?.say("EHLO a\r\nMAIL FROM:<a@b>\r\n");
    await visit.clock.advance(minute);
    expect(asked).toEqual(["connection"]);
    expect(codesOf(refused?.heard ?? "")).toEqual([421]);
  });

  test("server is rid of one that it refused and that stays, in seconds", async () => {
    const visit = new Visit({ connections: { total: 1 } });
    await visit.come("192.0.2.1", ...distinct(50));
    await visit.clock.advance(minute);
    expect(visit.server.connections).toBe(1);
  });

  test("server counts a client that was told to go for as long as its connection is held", async () => {
    const visit = new Visit({ connections: { total: 1 }, onConnection: () => disconnect(421, "4.7.0", "Go away") });
    await visit.come("192.0.2.1");
    expect(visit.server.connections).toBe(1);
    await visit.clock.advance(minute);
    expect(visit.server.connections).toBe(0);
  });

  test.each([0, -1, Number.NaN])("server takes no limit of %d", (limit) => {
    expect(() => new Visit({ connections: { total: limit } })).toThrow(RangeError);
    expect(() => new Visit({ connections: { perAddress: limit } })).toThrow(RangeError);
  });
});
