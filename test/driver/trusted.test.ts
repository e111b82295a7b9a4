// Clients that may say who others are (XCLIENT, XFORWARD): by their address, and what handlers then see.

import { InvalidValueError, xclient, xforward, type ForwardedAttributes } from "@carteiro/core";
import { accept, reject, type ServerOptions, type SessionInfo } from "@carteiro/driver";
import { describe, expect, test } from "vitest";
import { memoryServer } from "../support/memory-server.ts";

const stranger = { client: { address: "198.51.100.7", port: 1_025 }, server: { address: "192.0.2.25", port: 25 } };

type Seen = Pick<SessionInfo, "remote" | "local" | "hello" | "identity" | "assumed">;

function seen({ remote, local, hello, identity, assumed }: SessionInfo): Seen {
  return { remote, local, hello, identity, assumed };
}

/** A server that trusts 192.0.2.0/24, where clients in memory come from; what it sees at each connection. */
function trusting(options: Partial<ServerOptions> = {}) {
  const connections: Seen[] = [];
  const server = memoryServer({
    extensions: [xclient, xforward],
    trusted: ["192.0.2.0/24"],
    onConnection: ({ session }) => void connections.push(seen(session)),
    ...options,
  });
  return { ...server, connections };
}

describe("a trusted client", () => {
  test("says whom the session is with, and handlers see them", async () => {
    const { after, connections } = trusting();
    const client = await after();
    expect(
      await client.ask("XCLIENT NAME=a.example ADDR=203.0.113.9 PORT=4711 PROTO=ESMTP HELO=b.example LOGIN=jones"),
    ).toMatch(/^220 /);
    expect(connections[1]).toMatchObject({
      remote: { address: "203.0.113.9", port: 4_711 },
      local: { address: "192.0.2.25", port: 25 },
      hello: { name: "b.example", extended: true },
      identity: "jones",
      assumed: { name: "a.example", address: "203.0.113.9" },
    });
    expect(await client.ask("XCLIENT ADDR=IPv6:2001:db8::9 DESTADDR=[UNAVAILABLE]")).toMatch(/^220 /);
    expect(connections[2]).toEqual({
      remote: { address: "2001:db8::9" },
      local: {},
      hello: undefined,
      identity: undefined,
      assumed: expect.objectContaining({ name: "a.example", address: "2001:db8::9" }),
    });
    expect(await client.ask("XCLIENT PORT=25")).toMatch(/^220 /);
    expect(connections[3]?.remote).toEqual({ address: "2001:db8::9", port: 25 });
  });

  test("has the client it names refused by the handler that refuses connections", async () => {
    const { after } = trusting({
      onConnection: ({ session }) =>
        session.remote.address === "203.0.113.9" ? reject(554, "5.7.1", "Not from there") : accept(),
    });
    const client = await after();
    expect(await client.ask("XCLIENT ADDR=203.0.113.9")).toBe("554 Not from there");
  });

  test("says where a message came from, and its envelope tells", async () => {
    const forwarded: (ForwardedAttributes | undefined)[] = [];
    const { after } = trusting({ onMessage: ({ envelope }) => void forwarded.push(envelope.forwarded) });
    const client = await after("XFORWARD ADDR=203.0.113.9 SOURCE=REMOTE", "MAIL FROM:<>", "RCPT TO:<b@example.org>");
    expect(await client.ask("DATA")).toMatch(/^354 /);
    expect(await client.ask("Hello\r\n.")).toMatch(/^250 /);
    expect(forwarded).toEqual([{ address: "203.0.113.9", source: "REMOTE" }]);
  });
});

describe("any other client", () => {
  test("is believed nothing, and hears nothing of it", async () => {
    const { connect, connections, greeting } = trusting();
    const client = connect({ addresses: stranger });
    await client.reply();
    expect(await client.ask(greeting)).not.toMatch(/XCLIENT|XFORWARD/);
    expect(await client.ask("XCLIENT ADDR=203.0.113.9")).toMatch(/^550 5\.7\.0 /);
    expect(connections).toHaveLength(1);
    expect(connections[0]?.remote).toEqual(stranger.client);
  });

  test("is any client where nobody is trusted", async () => {
    const { after } = trusting({ trusted: [] });
    const client = await after();
    expect(await client.ask("XFORWARD ADDR=203.0.113.9")).toMatch(/^550 5\.7\.0 /);
  });
});

test("server does not take a network that is none", () => {
  expect(() => trusting({ trusted: ["192.0.2.0/33"] })).toThrow(InvalidValueError);
});
