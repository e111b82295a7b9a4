// What handlers can learn of a client from DNS: its address's names, and what is behind the name it gives itself.

import { accept, SmtpServer, type ClientFacts, type Resolver, type ServerOptions } from "@carteiro/driver";
import { pipe, VirtualClock } from "@carteiro/memory";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { stubResolver, type Records } from "../support/stub-resolver.ts";
import { WirePeer } from "../support/wire-peer.ts";

interface Visit {
  readonly clock: VirtualClock;
  readonly facts: ClientFacts;
  readonly client: WirePeer;
  readonly server: SmtpServer;
}

/** A client from there that has been greeted. */
async function visit(
  resolver: Resolver | undefined,
  address: string | undefined = "192.0.2.1",
  options: Partial<ServerOptions> = {},
): Promise<Visit> {
  const clock = new VirtualClock();
  const known: ClientFacts[] = [];
  const server = new SmtpServer(
    { hostname: "mx.example.org", onConnection: ({ session }) => void known.push(session.facts), ...options },
    { clock, startTls: true, ...(resolver && { resolver }) },
  );
  server.on("sessionOpened", ({ session }) => void known.push(session.facts));
  const [end, other] = pipe({ clock, addresses: { client: address === "none" ? {} : { address } } });
  void server.accept(other);
  const client = new WirePeer(end);
  await clock.settle(client.reply());
  const [facts] = known;
  if (facts === undefined) throw new Error("no session was opened");
  return { clock, facts, client, server };
}

async function reverseOf(records: Records, address?: string) {
  const { clock, facts } = await visit(stubResolver(records), address);
  return clock.settle(facts.reverseDns());
}

async function helloOf(name: string, records: Records, address?: string) {
  const { clock, facts, client } = await visit(stubResolver(records), address);
  await clock.settle(client.ask(`EHLO ${name}`));
  return clock.settle(facts.hello());
}

const refused = new Error("SERVFAIL");

describe("reverse DNS of a client", () => {
  test.each([
    {
      name: "one name, which resolves to the address",
      records: { "PTR 192.0.2.1": ["mail.example.net"], "A mail.example.net": ["198.51.100.7", "192.0.2.1"] },
      facts: { names: ["mail.example.net"], confirmed: ["mail.example.net"], temporary: false },
    },
    {
      name: "two names, of which one is another's",
      records: {
        "PTR 192.0.2.1": ["mx.bank.example", "mail.example.net."],
        "A mx.bank.example": ["198.51.100.7"],
        "A mail.example.net": ["192.0.2.1"],
      },
      facts: { names: ["mx.bank.example", "mail.example.net"], confirmed: ["mail.example.net"], temporary: false },
    },
    { name: "no name", records: {}, facts: { names: [], confirmed: [], temporary: false } },
    {
      name: "names that only differ in case or by the last dot",
      records: { "PTR 192.0.2.1": ["A.example.", "a.EXAMPLE"], "A a.example": ["::ffff:192.0.2.1"] },
      facts: { names: ["a.example"], confirmed: ["a.example"], temporary: false },
    },
    {
      name: "names that are none",
      records: {
        "PTR 192.0.2.1": ["a b", "a\r\nX: y", "[192.0.2.1]", "", ".", "-a.example", "é.example", "x".repeat(300)],
      },
      facts: { names: [], confirmed: [], temporary: false },
    },
    {
      name: "nothing that can be known now",
      records: { "PTR 192.0.2.1": refused },
      facts: { names: [], confirmed: [], temporary: true },
    },
    {
      name: "names of which one cannot be confirmed now",
      records: { "PTR 192.0.2.1": ["a.example", "b.example"], "A a.example": refused, "A b.example": ["192.0.2.1"] },
      facts: { names: ["a.example", "b.example"], confirmed: ["b.example"], temporary: true },
    },
  ])("is $name", async ({ records, facts }) => {
    expect(await reverseOf(records)).toEqual(facts);
  });

  test("is confirmed by AAAA for an IPv6 address, however that is written", async () => {
    const records = {
      "PTR 2001:db8::1": ["mail.example.net"],
      "AAAA mail.example.net": ["2001:0DB8:0:0:0:0:0:1"],
    };
    const facts = { names: ["mail.example.net"], confirmed: ["mail.example.net"], temporary: false };
    expect(await reverseOf(records, "2001:db8:0::1")).toEqual(facts);
  });

  test("is nothing where the client has no address", async () => {
    expect(await reverseOf({}, "none")).toEqual({ names: [], confirmed: [], temporary: false });
  });

  test("is ten names at most, each asked about once", async () => {
    const names = Array.from({ length: 5_000 }, (_, at) => `n${at}.example`);
    const resolver = stubResolver({ "PTR 192.0.2.1": names });
    const { clock, facts } = await visit(resolver);
    expect((await clock.settle(facts.reverseDns())).names).toEqual(names.slice(0, 10));
    expect(resolver.asked.length).toBe(11);
  });
});

describe("the name that a client gives itself", () => {
  const here = { literal: false, resolves: true, matches: true, temporary: false };

  test.each([
    { name: "a.example", records: { "A a.example": ["192.0.2.9", "192.0.2.1"] }, facts: here },
    { name: "A.Example", records: { "A A.Example": ["192.0.2.1"] }, facts: here },
    { name: "a.example", records: { "A a.example": ["192.0.2.9"] }, facts: { ...here, matches: false } },
    { name: "a.example", records: { "AAAA a.example": ["2001:db8::1"] }, facts: { ...here, matches: false } },
    { name: "a.example", records: {}, facts: { ...here, resolves: false, matches: false } },
    {
      name: "a.example",
      records: { "A a.example": refused, "AAAA a.example": ["2001:db8::1"] },
      facts: { ...here, matches: false, temporary: true },
    },
    {
      name: "a.example",
      records: { "A a.example": ["192.0.2.1"], "AAAA a.example": refused },
      facts: { ...here, temporary: true },
    },
    { name: "[192.0.2.1]", records: {}, facts: { ...here, literal: true } },
    { name: "[192.0.2.2]", records: {}, facts: { ...here, literal: true, matches: false } },
    { name: "[IPv6:::ffff:192.0.2.1]", records: {}, facts: { ...here, literal: true } },
    { name: "[IPv6:2001:db8::1]", records: {}, facts: { ...here, literal: true, matches: false } },
    { name: "[x400:1]", records: {}, facts: { ...here, literal: true, resolves: false, matches: false } },
  ])("$name comes to $facts", async ({ name, records, facts }) => {
    expect(await helloOf(name, records)).toEqual({ name, ...facts });
  });

  test("matches an IPv6 client by AAAA, or by a literal in any case", async () => {
    const records = { "AAAA a.example": ["2001:db8::1"] };
    expect(await helloOf("a.example", records, "2001:db8::1")).toMatchObject({ resolves: true, matches: true });
    expect(await helloOf("[ipv6:2001:DB8:0::1]", {}, "2001:db8::1")).toMatchObject({ literal: true, matches: true });
  });

  test("matches nothing where the client has no address", async () => {
    expect(await helloOf("a.example", { "A a.example": ["192.0.2.1"] }, "none")).toMatchObject({
      resolves: true,
      matches: false,
    });
  });

  test("is known while onHello decides on it, and not before", async () => {
    const heard: unknown[] = [];
    const { clock, facts, client } = await visit(stubResolver({ "A a.example": ["192.0.2.1"] }), undefined, {
      async onHello({ session }) {
        heard.push(await session.facts.hello());
        return accept();
      },
    });
    expect(await clock.settle(facts.hello())).toBeUndefined();
    await clock.settle(client.ask("EHLO a.example"));
    expect(heard).toEqual([{ name: "a.example", ...here }]);
  });
});

describe("facts about a client", () => {
  test("are looked up when they are asked for, and once", async () => {
    const resolver = stubResolver({ "PTR 192.0.2.1": ["a.example"], "A a.example": ["192.0.2.1"] });
    const { clock, facts, client } = await visit(resolver);
    await clock.settle(client.ask("EHLO a.example"));
    expect(resolver.asked).toEqual([]);
    const first = facts.reverseDns();
    expect(facts.reverseDns()).toBe(first);
    await clock.settle(first);
    expect(await clock.settle(facts.reverseDns())).toBe(await first);
    expect(resolver.asked).toEqual(["PTR 192.0.2.1", "A a.example"]);
    await clock.settle(facts.hello());
    await clock.settle(facts.hello());
    expect(resolver.asked.slice(2)).toEqual(["A a.example", "AAAA a.example"]);
    await clock.settle(client.ask("EHLO b.example"));
    expect(await clock.settle(facts.hello())).toMatchObject({ name: "b.example" });
  });

  test("are temporary after ten seconds without an answer, with what is known by then", async () => {
    const records: Records = {
      "PTR 192.0.2.1": ["a.example", "b.example"],
      "A a.example": ["192.0.2.1"],
      "A b.example": "never",
    };
    const resolver = stubResolver(records);
    const { clock, facts } = await visit(resolver);
    const began = clock.now();
    expect(await clock.settle(facts.reverseDns())).toEqual({
      names: ["a.example", "b.example"],
      confirmed: ["a.example"],
      temporary: true,
    });
    expect(clock.now() - began).toBe(10_000);
    expect(resolver.givenUp).toEqual(["A b.example"]);
  });

  test("are given up with the session, and then asked of nobody", async () => {
    const resolver = stubResolver({ "PTR 192.0.2.1": "never", "A a.example": ["192.0.2.1"] });
    const { clock, facts, client } = await visit(resolver);
    await clock.settle(client.ask("EHLO a.example"));
    const reverse = facts.reverseDns();
    await clock.advance(1_000);
    client.transport.destroy();
    await clock.advance(0);
    expect(resolver.givenUp).toEqual(["PTR 192.0.2.1"]);
    expect(await reverse).toEqual({ names: [], confirmed: [], temporary: true });
    expect(await facts.hello()).toMatchObject({ resolves: false, matches: false, temporary: true });
    expect(resolver.asked).toEqual(["PTR 192.0.2.1"]);
  });

  test("leave no timer behind once they are known", async () => {
    const { clock, facts, client } = await visit(stubResolver({ "PTR 192.0.2.1": ["a.example"] }));
    await clock.settle(facts.reverseDns());
    client.transport.destroy();
    await clock.run();
    expect(clock.now()).toBeLessThan(10_000);
  });

  test("are temporary where there is nobody to ask", async () => {
    const { clock, facts, client } = await visit(undefined);
    await clock.settle(client.ask("EHLO a.example"));
    expect(await facts.reverseDns()).toEqual({ names: [], confirmed: [], temporary: true });
    expect(await facts.hello()).toEqual({
      name: "a.example",
      literal: false,
      resolves: false,
      matches: false,
      temporary: true,
    });
  });

  test("never reject, whatever a resolver does", async () => {
    const behaviours: readonly (() => unknown)[] = [
      () => {
        throw new Error("no");
      },
      () => Promise.reject(new Error("no")),
      () => Promise.reject(undefined),
      () => undefined,
      () => Promise.resolve(undefined),
      () => Promise.resolve("192.0.2.1"),
    ];
    for (const behaviour of behaviours) {
      const resolver = { reverse: behaviour, addresses: behaviour } as unknown as Resolver;
      const { clock, facts, client } = await visit(resolver);
      await clock.settle(client.ask("EHLO a.example"));
      expect(await clock.settle(facts.reverseDns())).toEqual({ names: [], confirmed: [], temporary: true });
      expect(await clock.settle(facts.hello())).toMatchObject({ resolves: false, temporary: true });
    }
  });

  test("say no name of any answer that could not stand in a header", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.string({ unit: "binary" }), { maxLength: 12 }), async (names) => {
        const facts = await reverseOf({ "PTR 192.0.2.1": names });
        for (const name of facts.names) expect(name).toMatch(/^[a-z0-9_.-]+$/);
        expect(facts.names.length).toBeLessThanOrEqual(10);
      }),
      { numRuns: 50 },
    );
  });

  test("come from the options' resolver rather than the adapter's", async () => {
    const own = stubResolver({ "PTR 192.0.2.1": ["own.example"] });
    const { clock, facts } = await visit(stubResolver({}), undefined, { resolver: own });
    expect((await clock.settle(facts.reverseDns())).names).toEqual(["own.example"]);
  });
});
