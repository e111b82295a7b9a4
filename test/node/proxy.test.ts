// Listening behind proxies on Node's sockets (PROXY protocol): who may say whose connection it is, and before what.

import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { connect as connectSocket, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { duplexPair } from "node:stream";
import { connect as connectTls } from "node:tls";
import { formatProxyHeader, InvalidValueError } from "@carteiro/core";
import { createServer, type ListenOptions, type NodeServerOptions, type SessionInfo } from "@carteiro/node";
import { describe, expect, onTestFinished, test } from "vitest";
import { localhostCertificates } from "../support/certificates.ts";
import { RawClient } from "../support/raw-client.ts";

const local = await localhostCertificates();
const tls = { key: local.key, cert: local.certificate };
const line = "PROXY TCP4 203.0.113.9 198.51.100.25 4711 25\r\n";
const binary = formatProxyHeader({
  version: 2,
  command: "proxy",
  transport: "tcp6",
  source: { address: "2001:db8::9", port: 4_711 },
  destination: { address: "2001:db8::25", port: 465 },
  tlvs: { authority: "mx.example.org" },
});

async function behindProxy(options: Partial<NodeServerOptions> = {}, listen: Partial<ListenOptions> = {}) {
  const sessions: SessionInfo[] = [];
  const server = createServer({
    hostname: "mx.example.org",
    onConnection: ({ session }) => void sessions.push(session),
    ...options,
  });
  onTestFinished(() => server.destroy());
  const proxy = { from: ["127.0.0.0/8"] };
  const { port } = await server.listen({ host: "127.0.0.1", port: 0, proxy, ...listen });
  return { server, port, sessions };
}

/** What a TLS client hears first; the header comes in one chunk with the beginning of its handshake. */
async function heardUnderTls(socket: Socket, header: Uint8Array): Promise<string> {
  const [own, wire] = duplexPair();
  let first = header;
  wire.on("data", (chunk: Buffer) => {
    socket.write(Buffer.concat([first, chunk]));
    first = new Uint8Array();
  });
  socket.on("data", (chunk) => void wire.write(chunk));
  const secure = connectTls({ socket: own, ca: local.caCertificate, servername: "mx.example.org" });
  const [data] = await once(secure, "data");
  secure.destroy();
  socket.destroy();
  return String(data);
}

describe("server behind proxies", () => {
  test("takes the header, and the client is who it names", async () => {
    const { port, sessions } = await behindProxy();
    await using client = await RawClient.connect(port);
    client.send(line);
    expect(await client.reply()).toBe("220 mx.example.org ESMTP ready");
    expect(sessions[0]).toMatchObject({
      remote: { address: "203.0.113.9", port: 4_711 },
      local: { address: "198.51.100.25", port: 25 },
      proxy: { remote: { address: "127.0.0.1" }, local: { address: "127.0.0.1", port } },
    });
  });

  test("takes it before implicit TLS as well, in one chunk with the handshake or not", async () => {
    const { port, sessions } = await behindProxy({ tls }, { implicitTls: true });
    const together = connectSocket(port, "127.0.0.1");
    expect(await heardUnderTls(together, binary)).toBe("220 mx.example.org ESMTP ready\r\n");
    const apart = connectSocket(port, "127.0.0.1");
    apart.write(binary);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await heardUnderTls(apart, new Uint8Array())).toBe("220 mx.example.org ESMTP ready\r\n");
    expect(sessions.map(({ remote }) => remote.address)).toEqual(["2001:db8::9", "2001:db8::9"]);
    expect(sessions[0]?.tls).toMatchObject({ serverName: "mx.example.org" });
    expect(sessions[0]?.proxy?.header.tlvs.authority).toBe("mx.example.org");
  });

  test("starts TLS later as ever", async () => {
    const { port } = await behindProxy({ tls });
    await using client = await RawClient.connect(port);
    client.send(line);
    await client.reply();
    expect(await client.ask("EHLO client.example")).toContain("STARTTLS");
    expect(await client.ask("STARTTLS")).toMatch(/^220 /);
  });

  test("closes at once on connections from elsewhere, whatever they send", async () => {
    const { port, sessions, server } = await behindProxy({}, { proxy: { from: ["192.0.2.0/24"] } });
    await using client = await RawClient.connect(port);
    client.send(line);
    expect(await client.reply()).toBe("");
    expect(sessions).toEqual([]);
    expect(server.connections).toBe(0);
  });

  test("closes without a word on a client that sends no header", async () => {
    const { port, server } = await behindProxy();
    const failed = new Promise((resolve) => server.on("handshakeFailed", resolve));
    await using client = await RawClient.connect(port);
    client.send("EHLO client.example\r\n");
    expect(await client.reply()).toBe("");
    expect(await failed).toMatchObject({ error: new Error("This is no PROXY header") });
  });

  test("takes everybody who may connect to its Unix socket for a proxy", async () => {
    const folder = await mkdtemp(join(tmpdir(), "carteiro-"));
    onTestFinished(() => rm(folder, { recursive: true }));
    const server = createServer({ hostname: "mx.example.org" });
    onTestFinished(() => server.destroy());
    const path = join(folder, "smtp.sock");
    await server.listen({ path, proxy: { from: [] } });
    const socket = connectSocket(path);
    socket.write(line);
    expect(String((await once(socket, "data"))[0])).toBe("220 mx.example.org ESMTP ready\r\n");
    socket.destroy();
  });

  test("wants to know where the proxies are", async () => {
    const server = createServer({ hostname: "mx.example.org" });
    await expect(server.listen({ port: 0, proxy: { from: [] } })).rejects.toThrow(TypeError);
    await expect(server.listen({ port: 0, proxy: { from: ["everywhere"] } })).rejects.toThrow(InvalidValueError);
  });
});
