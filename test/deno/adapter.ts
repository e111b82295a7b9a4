// What @carteiro/deno has beyond the conformance suite, for `deno test`: names and keys, proxies, Unix sockets, failures to reach a
// host, DNS; and that the virtual clock works in Deno.

import { deepEqual, equal, match, ok, rejects, throws } from "node:assert/strict";
import {
  accept,
  connect,
  createPool,
  createServer,
  features,
  serverTls,
  type ConnectOptions,
  type DenoServer,
  type DenoServerOptions,
  type SessionInfo,
} from "@carteiro/deno";
import { pair as pairInMemory } from "@carteiro/memory";
import { reverseName } from "../../packages/deno/src/resolver.ts";
import { localhostCertificates, otherCertificates } from "../support/certificates.ts";

const local = await localhostCertificates();
const other = await otherCertificates();
const pair = { key: local.key, cert: local.certificate };
const otherPair = { key: other.key, cert: other.certificate };
const host = "127.0.0.1";
const message = { from: "a@example.org", to: "b@example.org", content: "Subject: Hi\r\n\r\nHello!\r\n" };

Deno.test("server shows the certificate for the name that the client asks for", async () => {
  const sni = (name: string) => (name === "mx.example.net" ? otherPair : undefined);
  await serving({ tls: { ...pair, sni } }, async (server, sessions) => {
    const { port } = await server.listen({ host, port: 0 });
    const asked = [
      { ca: other.caCertificate, serverName: "mx.example.net" },
      { ca: local.caCertificate, serverName: "mx.example.org" },
    ];
    for (const tls of asked) await send({ port, startTls: "required", tls });
    deepEqual(
      sessions.map(({ tls }) => tls?.serverName),
      ["mx.example.net", "mx.example.org"],
    );
  });
});

Deno.test("server breaks the handshake off when choosing a certificate throws, and goes on", async () => {
  const sni = (name: string) => {
    if (name === "mx.example.org") throw new Error("The directory is down");
    return undefined;
  };
  await serving({ tls: { ...pair, sni } }, async (server) => {
    const { port } = await server.listen({ host, port: 0 });
    const tls = { ca: local.caCertificate };
    await rejects(send({ port, startTls: "required", tls: { ...tls, serverName: "mx.example.org" } }), /TLS handshake/);
    await send({ port, startTls: "required", tls: { ...tls, serverName: "localhost" } });
  });
});

Deno.test("server TLS cannot be made from a key and a certificate that do not belong together, or are none", () => {
  throws(() => serverTls({ key: local.key, cert: other.certificate }), TypeError);
  throws(() => serverTls({ key: "none", cert: "none" }));
});

Deno.test("server believes a proxy, and begins TLS behind its header", async () => {
  await serving({ tls: pair }, async (server, sessions) => {
    const proxy = { from: [host] };
    const { port } = await server.listen({ host, port: 0, implicitTls: true, proxy });
    const front = Deno.listen({ hostname: host, port: 0 });
    const passing = passOn(front, port, "PROXY TCP4 192.0.2.1 192.0.2.2 1024 25\r\n");
    const { port: frontPort } = front.addr as Deno.NetAddr;
    await send({ port: frontPort, implicitTls: true, tls: { ca: local.caCertificate } });
    await passing;
    deepEqual(sessions[0]?.remote, { address: "192.0.2.1", port: 1024 });
    equal(sessions[0]?.tls?.protocol, "TLSv1.3");
  });
});

Deno.test("server closes connections from anybody but its proxies", async () => {
  await serving({}, async (server) => {
    const { port } = await server.listen({ host, port: 0, proxy: { from: ["192.0.2.1"] } });
    await rejects(send({ port }), /disconnected|ended|closed/i);
  });
});

Deno.test("client and server meet on a Unix socket, where nobody has an address", async () => {
  const path = `${await Deno.makeTempDir()}/socket`;
  await serving({ protocol: "lmtp" }, async (server, sessions) => {
    deepEqual(await server.listen({ path }), { address: path, port: 0 });
    await send({ path, protocol: "lmtp" });
    deepEqual([sessions[0]?.remote, sessions[0]?.local], [{}, {}]);
  });
});

Deno.test("server on all addresses shows a client by its plain IPv4 address", async () => {
  await serving({}, async (server, sessions) => {
    const { port } = await server.listen({ port: 0 });
    await send({ port });
    equal(sessions[0]?.remote.address, host);
  });
});

Deno.test("pool keeps a session for the next message", async () => {
  await serving({}, async (server, sessions) => {
    const { port } = await server.listen({ host, port: 0 });
    const pool = createPool({ host, port });
    await pool.send(message);
    await pool.send(message);
    await pool.close();
    equal(sessions[0]?.id, sessions[1]?.id);
  });
});

Deno.test("client refuses what Deno cannot keep, and LMTP to port 25", async () => {
  equal(features.unverifiedTls, false);
  await rejects(connect({ host, port: 1, tls: { rejectUnauthorized: false } }), TypeError);
  await rejects(connect({ host, port: 25, protocol: "lmtp" }), /LMTP/);
  await rejects(createServer({ hostname: "a.example", protocol: "lmtp" }).listen({ port: 25 }), TypeError);
});

Deno.test("client tells by codes why a server was not reached", async () => {
  const closed = Deno.listen({ hostname: host, port: 0 });
  const { port } = closed.addr as Deno.NetAddr;
  closed.close();
  await rejects(connect({ host, port }), { code: "ECONNREFUSED" });
  // Nobody accepts, and nothing answers the handshake.
  const mute = Deno.listen({ hostname: host, port: 0 });
  const at = { host, port: (mute.addr as Deno.NetAddr).port, implicitTls: true };
  await rejects(connect({ ...at, connectTimeout: 50 }), { code: "ETIMEDOUT" });
  const reason = new Error("No longer");
  const signal = AbortSignal.any([AbortSignal.timeout(50)]);
  await rejects(connect({ ...at, signal }), (error) => error === signal.reason);
  await rejects(connect({ ...at, signal: AbortSignal.abort(reason) }), (error) => error === reason);
  mute.close();
});

Deno.test("port that is taken rejects, and a server that was closed listens no more", async () => {
  const server = createServer({ hostname: "mx.example.org" });
  const { port } = await server.listen({ host, port: 0 });
  await rejects(server.listen({ host, port }), { code: "EADDRINUSE" });
  await server.close();
  await rejects(server.listen({ host, port: 0 }), /closed/);
});

Deno.test("port of a server that was closed or destroyed can be listened on at once", async () => {
  for (const end of ["close", "destroy"] as const) {
    const first = createServer({ hostname: "mx.example.org" });
    const { port } = await first.listen({ host, port: 0 });
    await first[end]();
    const second = createServer({ hostname: "mx.example.org" });
    equal((await second.listen({ host, port })).port, port);
    await second.close();
  }
});

Deno.test("names under which addresses are asked for are those of RFC 1035 and RFC 3596", () => {
  equal(reverseName("192.0.2.1"), "1.2.0.192.in-addr.arpa");
  const zeros = "0.".repeat(23);
  equal(reverseName("2001:db8::1"), `1.${zeros}8.b.d.0.1.0.0.2.ip6.arpa`);
  equal(reverseName("::1"), `1.${"0.".repeat(31)}ip6.arpa`);
  equal(reverseName("2001:db8:0:1:2:3:4:5").length, 72);
});

Deno.test("virtual clock waits for all that follows from what has happened before it goes on", async () => {
  const { client, clock } = await pairInMemory({ hostname: "mx.example.org" }, {}, { latency: 20, chunkSizes: [1, 2] });
  equal(client.greeting?.code, 220);
  const { reply } = await clock.settle(client.send(message));
  equal(reply?.code, 250);
  ok(clock.now() < 1_000, "No deadline has come between");
});

/** A server for as long as the body takes; the sessions of the messages that it has taken. */
async function serving(
  options: Partial<DenoServerOptions>,
  body: (server: DenoServer, sessions: SessionInfo[]) => Promise<void>,
): Promise<void> {
  const sessions: SessionInfo[] = [];
  const server = createServer({
    hostname: "mx.example.org",
    onMessage({ session }) {
      const { id, remote, local, tls } = session;
      sessions.push({ ...session, id, remote, local, tls });
      return accept();
    },
    ...options,
  });
  try {
    await body(server, sessions);
  } finally {
    await server.destroy();
  }
}

async function send(options: ConnectOptions): Promise<void> {
  const client = await connect({ host, ...options });
  const { recipients } = await client.send(message);
  ok(recipients.every(({ accepted }) => accepted));
  match(client.greeting?.lines.join(" ") ?? "", /mx\.example\.org/);
  await client.quit();
}

/** A proxy for one connection. */
async function passOn(front: Deno.TcpListener, port: number, header: string): Promise<void> {
  const near = await front.accept();
  front.close();
  const far = await Deno.connect({ hostname: host, port });
  await far.write(new TextEncoder().encode(header));
  await Promise.allSettled([near.readable.pipeTo(far.writable), far.readable.pipeTo(near.writable)]);
}
