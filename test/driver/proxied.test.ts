// Connections that come by a proxy: whose they are is known from the header, and counts from then on.

import { formatProxyHeader, xclient } from "@carteiro/core";
import type { ServerOptions, SessionInfo } from "@carteiro/driver";
import { describe, expect, test } from "vitest";
import { memoryServer } from "../support/memory-server.ts";
import type { WirePeer } from "../support/wire-peer.ts";

const proxied = { proxied: true };
const first = { proxied: true, implicitTls: true };

/** The proxy's line for a client. */
function from(address: string): string {
  return `PROXY TCP4 ${address} 198.51.100.25 4711 25`;
}

/** A server, clients of which come by one proxy. */
function behindProxy(options: Partial<ServerOptions> = {}, startTls = false) {
  const sessions: SessionInfo[] = [];
  const { clock, connect, ...server } = memoryServer(
    { onConnection: ({ session }) => void sessions.push(session), ...options },
    { startTls },
  );
  const come = async (address: string): Promise<{ client: WirePeer; greeting: string | undefined }> => {
    const client = connect({}, proxied);
    await client.say(from(address));
    return { client, greeting: await client.reply() };
  };
  return { ...server, clock, connect, come, sessions };
}

describe("a client behind a proxy", () => {
  test("is who the proxy says, and the proxy is known besides", async () => {
    const { come, sessions } = behindProxy();
    expect((await come("203.0.113.9")).greeting).toMatch(/^220 /);
    expect(sessions[0]).toMatchObject({
      remote: { address: "203.0.113.9", port: 4_711 },
      local: { address: "198.51.100.25", port: 25 },
      proxy: {
        remote: { address: "192.0.2.1" },
        local: { address: "192.0.2.25", port: 25 },
        header: { version: 1, source: { address: "203.0.113.9" } },
      },
    });
  });

  test("is the proxy itself where it names nobody", async () => {
    const { connect, sessions } = behindProxy();
    const client = connect({}, proxied);
    await client.transport.write(formatProxyHeader({ version: 2, command: "local", transport: "unknown", tlvs: {} }));
    expect(await client.reply()).toMatch(/^220 /);
    expect(sessions[0]?.remote.address).toBe("192.0.2.1");
    expect(sessions[0]?.proxy?.header.command).toBe("local");
  });

  test("is counted by its own address, not the proxy's", async () => {
    const { come, clock } = behindProxy({ connections: { perAddress: 1 } });
    const { client, greeting } = await come("203.0.113.9");
    expect(greeting).toMatch(/^220 /);
    expect((await come("203.0.113.10")).greeting).toMatch(/^220 /);
    expect((await come("203.0.113.9")).greeting).toBe("421 4.7.0 Too many connections; try again later");
    await client.ask("QUIT");
    await clock.advance(1_000);
    expect((await come("203.0.113.9")).greeting).toMatch(/^220 /);
  });

  test("is counted among all connections from the first", async () => {
    const { come, connect } = behindProxy({ connections: { total: 2 } });
    connect({}, proxied);
    expect((await come("203.0.113.9")).greeting).toMatch(/^220 /);
    expect((await come("203.0.113.10")).greeting).toBe("421 4.7.0 Too many connections; try again later");
  });

  test("is held to its own rates", async () => {
    const { come } = behindProxy({ rates: { connections: { most: 1, within: 60_000 } } });
    expect((await come("203.0.113.9")).greeting).toMatch(/^220 /);
    expect((await come("203.0.113.9")).greeting).toMatch(/^421 /);
    expect((await come("203.0.113.10")).greeting).toMatch(/^220 /);
  });

  test("is trusted where it is, and not where the proxy is", async () => {
    const trusting = { extensions: [xclient], trusted: ["192.0.2.1", "203.0.113.9"] };
    const { come } = behindProxy(trusting);
    const { client: friend } = await come("203.0.113.9");
    expect(await friend.ask("XCLIENT ADDR=203.0.113.77")).toMatch(/^220 /);
    const { client: stranger } = await come("203.0.113.10");
    expect(await stranger.ask("XCLIENT ADDR=203.0.113.77")).toMatch(/^550 5\.7\.0 /);
  });
});

describe("a proxy", () => {
  test("that sends no header is closed on without a word, and that is told", async () => {
    const { connect, sessions, told } = behindProxy();
    const client = connect({}, proxied);
    await client.say("EHLO client.example");
    expect(await client.line()).toBeUndefined();
    expect(sessions).toEqual([]);
    expect(told).toContainEqual({
      name: "handshakeFailed",
      remote: expect.objectContaining({ address: "192.0.2.1" }),
      error: new Error("This is no PROXY header"),
    });
  });

  test("that takes its time is waited for as long as the options say", async () => {
    const { connect, clock, names } = behindProxy({ timeouts: { proxy: 1_000 } });
    const client = connect({}, proxied);
    await clock.advance(999);
    expect(names()).toEqual(["sessionOpened"]);
    await clock.advance(1);
    expect(await client.line()).toBeUndefined();
    expect(names()).toEqual(["sessionOpened", "sessionClosed"]);
  });

  test("may come before TLS, and what comes with its header is the handshake's", async () => {
    const { connect, sessions } = behindProxy({}, true);
    const client = connect({}, first);
    await client.say(from("203.0.113.9"));
    await client.transport.startTls();
    expect(await client.reply()).toMatch(/^220 /);
    expect(sessions[0]).toMatchObject({ remote: { address: "203.0.113.9" }, tls: { protocol: "memory" } });
  });

  test("is closed on without a word where TLS comes first and its client is one too many", async () => {
    const { connect, told } = behindProxy({ connections: { perAddress: 1 } }, true);
    const [kept, refused] = [connect({}, first), connect({}, first)];
    await kept.say(from("203.0.113.9"));
    await kept.transport.startTls();
    expect(await kept.reply()).toMatch(/^220 /);
    await refused.say(from("203.0.113.9"));
    expect(await refused.line()).toBeUndefined();
    expect(told.at(-1)).toMatchObject({ name: "sessionClosed", reason: "dismissed" });
  });

  test("is not waited for by a server that closes", async () => {
    const { connect, server, clock } = behindProxy();
    const client = connect({}, proxied);
    await client.say("PROXY TCP4");
    const closed = server.close();
    expect(await client.line()).toBeUndefined();
    await clock.settle(closed);
  });
});
