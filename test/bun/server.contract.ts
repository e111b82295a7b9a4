// Servers and clients of @carteiro/bun beyond the conformance suite: where they listen, how they are reached. Runs inside of Bun.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { accept, connect, createPool, createServer, type BunServer, type SessionInfo } from "@carteiro/bun";
import { expect, test } from "vitest";
import { localhostCertificates } from "../support/certificates.ts";

const { key, certificate: cert, caCertificate } = await localhostCertificates();
const tls = { ca: caCertificate, serverName: "localhost" };
const message = { from: "a@example.net", to: "b@example.org", content: "Subject: Hi\r\n\r\nHello\r\n" };

test("client reaches a server by a Unix socket, under TLS too", async () => {
  const folder = await mkdtemp(join(tmpdir(), "carteiro-"));
  const path = join(folder, "socket");
  const secured: boolean[] = [];
  const onMessage = ({ session }: { readonly session: SessionInfo }) => void secured.push(session.tls !== undefined);
  await using server = createServer({ hostname: "mx.example.org", tls: { key, cert }, onMessage });
  expect(await server.listen({ path })).toEqual({ address: path, port: 0 });
  await using client = await connect({ path, tls });
  expect((await client.send(message)).reply?.code).toBe(250);
  expect(secured).toEqual([true]);
  await rm(folder, { recursive: true });
});

test("server listens on all addresses where it is told none", async () => {
  await using server = createServer({ hostname: "mx.example.org" });
  const { port } = await server.listen({ port: 0 });
  await (await connect({ host: "127.0.0.1", port })).quit();
  await (await connect({ host: "localhost", port })).quit();
});

test("server says so where its port is taken", async () => {
  await using server = createServer({ hostname: "mx.example.org" });
  await using other = createServer({ hostname: "mx.example.org" });
  const { port } = await server.listen({ host: "127.0.0.1", port: 0 });
  await expect(other.listen({ host: "127.0.0.1", port })).rejects.toMatchObject({ code: "EADDRINUSE" });
});

test("server refuses implicit TLS behind a proxy, and takes STARTTLS there", async () => {
  const seen: (string | undefined)[] = [];
  await using server = createServer({
    hostname: "mx.example.org",
    tls: { key, cert },
    onConnection: ({ session }) => void seen.push(session.remote.address),
  });
  const proxy = { from: ["127.0.0.1"] };
  await expect(server.listen({ port: 0, implicitTls: true, proxy })).rejects.toThrow(TypeError);
  const { port } = await server.listen({ host: "127.0.0.1", port: 0, proxy });
  const header = "PROXY TCP4 192.0.2.7 192.0.2.1 4000 25\r\n";
  expect(await talk(port, [header, "EHLO client.example\r\n", "STARTTLS\r\n", "QUIT\r\n"])).toMatch(/220[^]*STARTTLS/);
  expect(seen).toEqual(["192.0.2.7"]);
});

test("client says which address refused it", async () => {
  const port = await freePort();
  const connecting = connect({ host: "127.0.0.1", port });
  await expect(connecting).rejects.toMatchObject({ code: "ECONNREFUSED", address: "127.0.0.1", port });
  await expect(connect({ path: "/nowhere/socket" })).rejects.toMatchObject({ code: "ENOENT" });
});

test("client gives up in time where nobody answers, and when it is told to", async () => {
  const listener = Bun.listen({ hostname: "127.0.0.1", port: 0, data: undefined, socket: { data: () => undefined } });
  const { port } = listener;
  const waiting = { host: "127.0.0.1", port, implicitTls: true };
  await expect(connect({ ...waiting, connectTimeout: 30 })).rejects.toMatchObject({ code: "ETIMEDOUT" });
  await expect(connect({ ...waiting, signal: AbortSignal.timeout(30) })).rejects.toMatchObject({
    name: "TimeoutError",
  });
  listener.stop(true);
});

test("pool keeps sessions of its own", async () => {
  await using server = createServer({ hostname: "mx.example.org", tls: { key, cert }, onMessage: () => accept() });
  const { port } = await server.listen({ host: "127.0.0.1", port: 0 });
  const pool = createPool({ host: "127.0.0.1", port, tls, connections: 2 });
  const results = await Promise.all(Array.from({ length: 10 }, () => pool.send(message)));
  expect(results.map(({ reply }) => reply?.code)).toEqual(Array.from({ length: 10 }, () => 250));
  expect(server.connections).toBeLessThanOrEqual(2);
  await pool.close();
});

test("server that closes leaves none in a handshake", async () => {
  const server = createServer({ hostname: "mx.example.org", tls: { key, cert } });
  const { port } = await server.listen({ host: "127.0.0.1", port: 0, implicitTls: true });
  const closed = Promise.withResolvers<void>();
  const socket = { data: () => undefined, close: () => closed.resolve() };
  await Bun.connect({ hostname: "127.0.0.1", port, data: undefined, socket });
  await until(server, 1);
  await server.close();
  await closed.promise;
  expect(server.connections).toBe(0);
});

async function until(server: BunServer, connections: number): Promise<void> {
  while (server.connections !== connections) await Bun.sleep(1);
}

/** What comes of lines that are said one after the other, each once something was heard. */
async function talk(port: number, lines: readonly string[]): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const left = [...lines];
  let heard = "";
  await Bun.connect({
    hostname: "127.0.0.1",
    port,
    data: undefined,
    socket: {
      open: (socket) => void socket.write(left.shift() ?? ""),
      data(socket, octets) {
        heard += String(octets);
        socket.write(left.shift() ?? "");
      },
      close: () => resolve(heard),
    },
  });
  return promise;
}

async function freePort(): Promise<number> {
  const listener = Bun.listen({ hostname: "127.0.0.1", port: 0, data: undefined, socket: { data: () => undefined } });
  listener.stop();
  return listener.port;
}
