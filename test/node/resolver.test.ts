// Node's resolver against a DNS server on loopback: what is there, what is not, what fails, and what is given up.

import { createServer, dnsResolver } from "@carteiro/node";
import { afterEach, describe, expect, test } from "vitest";
import { dnsServer, type DnsServer, type Zone } from "../support/dns-server.ts";
import { RawSocket } from "../support/raw-peers.ts";

const open: DnsServer[] = [];
afterEach(async () => {
  for (const server of open.splice(0)) await server.close();
});

async function resolverOf(zone: Zone) {
  const server = await dnsServer(zone);
  open.push(server);
  return { server, resolver: dnsResolver({ servers: [server.address], timeout: 200, tries: 1 }) };
}

const reverseName = "1.2.0.192.in-addr.arpa";
const never = new AbortController().signal;

describe("Node's resolver", () => {
  test("gives the names of an address, and the addresses of a name by family", async () => {
    const { resolver } = await resolverOf({
      [`PTR ${reverseName}`]: ["a.example", "b.example"],
      "A a.example": ["192.0.2.1", "192.0.2.2"],
      "AAAA a.example": ["2001:db8:0:0:0:0:0:1"],
    });
    expect([...(await resolver.reverse("192.0.2.1", never))].toSorted()).toEqual(["a.example", "b.example"]);
    expect(await resolver.addresses("a.example", 4, never)).toEqual(["192.0.2.1", "192.0.2.2"]);
    expect(await resolver.addresses("a.example", 6, never)).toEqual(["2001:db8::1"]);
  });

  test("gives nothing where there is no such name, and no such record", async () => {
    const { resolver } = await resolverOf({ [`PTR ${reverseName}`]: "NXDOMAIN", "A a.example": "NXDOMAIN" });
    expect(await resolver.reverse("192.0.2.1", never)).toEqual([]);
    expect(await resolver.addresses("a.example", 4, never)).toEqual([]);
    expect(await resolver.addresses("b.example", 6, never)).toEqual([]);
  });

  test("rejects where the server fails or is silent, in the time it was given", async () => {
    const { resolver } = await resolverOf({ "A fails.example": "SERVFAIL", "A silent.example": "silence" });
    await expect(resolver.addresses("fails.example", 4, never)).rejects.toThrow();
    await expect(resolver.addresses("silent.example", 4, never)).rejects.toThrow();
  });

  test("gives up when it is told to, and asks nothing more", async () => {
    const { server } = await resolverOf({ "A silent.example": "silence" });
    const patient = dnsResolver({ servers: [server.address], timeout: 60_000 });
    const end = new AbortController();
    const answer = patient.addresses("silent.example", 4, end.signal);
    await expect.poll(() => server.asked).toEqual(["A silent.example"]);
    end.abort();
    await expect(answer).rejects.toThrow();
    await expect(patient.addresses("other.example", 4, end.signal)).rejects.toThrow();
    expect(server.asked).toEqual(["A silent.example"]);
  });

  test("takes no server that is no address", () => {
    expect(() => dnsResolver({ servers: ["localhost"] })).toThrow();
  });

  test("tells a server on sockets what its clients are called", async () => {
    const { resolver } = await resolverOf({ "A a.example": ["127.0.0.1"] });
    const heard: unknown[] = [];
    const server = createServer({
      hostname: "localhost",
      resolver,
      async onHello({ session }) {
        heard.push(await session.facts.hello());
      },
    });
    const { port } = await server.listen({ host: "127.0.0.1" });
    try {
      const client = await RawSocket.connect(port);
      client.say("EHLO a.example\r\n");
      expect(await client.replies(2)).toEqual([220, 250]);
      client.socket.destroy();
    } finally {
      await server.destroy();
    }
    expect(heard).toEqual([{ name: "a.example", literal: false, resolves: true, matches: true, temporary: false }]);
  });
});
