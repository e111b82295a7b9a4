// The transport over Node's sockets: what every transport owes, and what only Node's has.

import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { connect as connectSocket, createServer, Socket, type AddressInfo, type ListenOptions } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { duplexPair, type Duplex } from "node:stream";
import { setImmediate, setTimeout } from "node:timers/promises";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { plainAddress, type Transport } from "@carteiro/driver";
import { describe, expect, test } from "vitest";
import { clientTls, serverTls, type ClientTlsOptions, type Tls } from "../../packages/node/src/tls.ts";
import { nodeTransport, secureNodeTransport } from "../../packages/node/src/transport.ts";
import { promised, Promised } from "../support/promised.ts";
import { localhostCertificates, otherCertificates } from "../support/certificates.ts";
import { transportContract } from "../support/transport-contract.ts";

const local = await localhostCertificates();
const other = await otherCertificates();
const pair = { key: local.key, cert: local.certificate };
const otherPair = { key: other.key, cert: other.certificate };
const serving = serverTls(pair);
const trusting = clientTls({ ca: local.caCertificate, serverName: "localhost" });
const distrusting = clientTls({ ca: other.caCertificate, serverName: "localhost" });

for (const [name, connected] of Object.entries({ node: sockets, "node, by the stream": socketsWithStreamsAlone })) {
  transportContract(name, {
    async connect({ untrusted = false } = {}) {
      const [client, server] = await connected();
      return {
        client: nodeTransport(client, { tls: untrusted ? distrusting : trusting }),
        server: nodeTransport(server, { tls: serving }),
      };
    },
    async connectSecure() {
      const [client, server] = await connected();
      const secured = [secureNodeTransport(client, trusting), secureNodeTransport(server, serving)] as const;
      const [atClient, atServer] = await Promise.all(secured);
      return { client: atClient, server: atServer };
    },
    run: (body) => body(),
    turn: () => setImmediate(),
    mostBuffered: 16 * 2 ** 20,
    large: 10 * 2 ** 20,
  });
}

describe("node: sockets", () => {
  test.skipIf(process.platform === "win32")("transport reads past the stream, on either side", async () => {
    const both = await sockets();
    const transports = both.map((socket) => nodeTransport(socket));
    expect(both.map((socket) => socket.listenerCount("data"))).toEqual([0, 0]);
    destroy(...transports);
  });

  test("transport writes past the stream, on either side", async () => {
    const both = await sockets();
    const transports = both.map((socket) => new Promised(nodeTransport(socket)));
    for (const transport of transports) await transport.write(Buffer.from("220\r\n"));
    for (const transport of transports) expect(String(await transport.read())).toBe("220\r\n");
    expect(both.map((socket) => socket.listenerCount("drain"))).toEqual([0, 0]);
    destroy(...transports);
  });

  test("transport writes behind what the socket still has to write", async () => {
    const [client, server] = await sockets();
    const before = Buffer.alloc(16 * 2 ** 20, "a");
    client.write(before);
    const transport = nodeTransport(client);
    const written = transport.write(Buffer.from("b"));
    let octets = 0;
    let last = 0;
    for await (const chunk of server as AsyncIterable<Buffer>) {
      octets += chunk.length;
      last = chunk.at(-1) ?? 0;
      if (octets > before.length) break;
    }
    await written;
    expect([octets, last]).toEqual([before.length + 1, 0x62]);
    destroy(transport, server);
  });

  test("transport whose peer is gone says so of what is written", async () => {
    const [client, server] = await sockets();
    const transport = nodeTransport(server);
    const broken = Promise.withResolvers<unknown>();
    transport.attach({ received: () => {}, ended: () => {}, broken: broken.resolve });
    client.resetAndDestroy();
    for (let write = 0; write < 1_000 && !server.destroyed; write++) {
      transport.write(Buffer.from("250 2.0.0 OK\r\n"))?.catch(() => {});
      await setImmediate();
    }
    expect(await broken.promise).toBeInstanceOf(Error);
    await expect(transport.write(Buffer.from("250\r\n"))).rejects.toThrow();
    destroy(transport);
  });

  test("short chunks are lent to a receiver that takes such, and last where it keeps them", async () => {
    const [client, server] = await sockets();
    const transport = nodeTransport(server);
    const [lent, kept] = [new Array<Uint8Array>(), new Array<Uint8Array>()];
    const come = Promise.withResolvers<void>();
    transport.attach({
      received: (bytes) => void kept.push(bytes),
      lent(bytes, own) {
        lent.push(bytes);
        kept.push(own(bytes), own(bytes.subarray(1, 3)));
        if (lent.length === 2) come.resolve();
        else void transport.read();
      },
      ended: () => {},
      broken: come.reject,
    });
    void transport.read();
    client.write("one!");
    while (lent.length === 0) await setImmediate();
    client.write("two!");
    await come.promise;
    expect(kept.map(String)).toEqual(["one!", "ne", "two!", "wo"]);
    expect(kept.map(({ buffer, length }) => buffer.byteLength - length)).toEqual([0, 0, 0, 0]);
    expect(lent.map(String)).toEqual(["two!", "two!"]);
    destroy(client, transport);
  });

  test("transport begins with what the socket has read before", async () => {
    const [client, server] = await sockets();
    client.write("EHLO client.example\r\n");
    while (server.readableLength === 0) await setImmediate();
    const transport = new Promised(nodeTransport(server));
    client.write("NOOP\r\n");
    let text = "";
    while (!text.endsWith("NOOP\r\n")) text += String(await transport.read());
    expect(text).toBe("EHLO client.example\r\nNOOP\r\n");
    destroy(client, transport);
  });

  for (const [name, connected] of Object.entries({
    "past the stream": sockets,
    "by the stream": socketsWithStreamsAlone,
  })) {
    describe(name, () => {
      test("TLS begins on a socket that has been flowing", async () => {
        const [client, server] = await connected();
        const secured = secureNodeTransport(client, trusting);
        await turns(20);
        server.resume();
        const transport = await secureNodeTransport(server, serving);
        expect(transport.tls?.protocol).toBe("TLSv1.3");
        destroy(transport, await secured);
      });

      test("a reset is told although a chunk waits to be read", async () => {
        const [client, server] = await connected();
        const told = Promise.withResolvers<unknown>();
        const transport = nodeTransport(server);
        transport.attach({ received: () => {}, ended: () => {}, broken: told.resolve });
        client.write("NOOP\r\n");
        while (server.bytesRead === 0) await setImmediate();
        client.resetAndDestroy();
        expect(await told.promise).toMatchObject({ code: "ECONNRESET" });
        transport.destroy();
      });

      test("an idle time that was set begins anew with what comes", async () => {
        const [client, server] = await connected();
        let idle = 0;
        server.setTimeout(400, () => (idle += 1));
        const transport = nodeTransport(server);
        transport.attach({ received: () => void transport.read(), ended: () => {}, broken: () => {} });
        void transport.read();
        for (let octet = 0; octet < 12; octet++) {
          client.write("x");
          await setTimeout(50);
        }
        expect(idle).toBe(0);
        destroy(client, transport);
      });

      test("a chunk has memory of its own", async () => {
        const [client, server] = await connected();
        const transport = new Promised(nodeTransport(server));
        for (const octets of [4, 2_000, 20_000]) {
          client.write(new Uint8Array(octets));
          const chunk = await transport.read();
          expect(chunk?.buffer.byteLength).toBe(chunk?.length);
          for (let rest = octets - (chunk?.length ?? 0); rest > 0;) rest -= (await transport.read())?.length ?? rest;
        }
        destroy(client, transport);
      });

      test("an end before there is a transport is told", async () => {
        const [client, server] = await connected();
        server.allowHalfOpen = true;
        client.end();
        server.resume();
        await once(server, "end");
        const transport = new Promised(nodeTransport(server));
        expect(await transport.read()).toBeUndefined();
        destroy(client, transport);
      });

      test("a reset before there is a transport is told", async () => {
        const [client, server] = await connected();
        server.on("error", () => {});
        client.resetAndDestroy();
        await new Promise((resolve) => server.once("close", resolve));
        await expect(new Promised(nodeTransport(server)).read()).rejects.toThrow("closed");
      });
    });
  }

  test("chunks of an octet each that nobody asks for are few", async () => {
    const [client, server] = await sockets();
    const transport = nodeTransport(server);
    for (let octet = 0; octet < 300; octet++) {
      client.write("x");
      for (let turn = 0; turn < 20 && server.bytesRead <= octet; turn++) await setImmediate();
    }
    expect(server.bytesRead).toBeGreaterThan(100);
    expect(server.bytesRead).toBeLessThan(200);
    destroy(client, transport);
  });

  test("a chunk stays what it is while other sockets are read", async () => {
    const pairs = [await sockets(), await sockets()] as const;
    const chunks: (Uint8Array | undefined)[] = [];
    for (const [index, [client, server]] of pairs.entries()) {
      client.write(Buffer.alloc(20_000, index + 1));
      chunks.push(await new Promised(nodeTransport(server)).read());
    }
    expect(chunks.map((chunk) => [chunk?.[0], chunk?.at(-1)])).toEqual([
      [1, 1],
      [2, 2],
    ]);
    destroy(...pairs.flat());
  });

  test("transport knows both addresses", async () => {
    const [client, server] = await sockets();
    const transport = nodeTransport(server);
    expect(transport.remote).toEqual({ address: "127.0.0.1", port: client.localPort });
    expect(transport.local).toEqual({ address: "127.0.0.1", port: client.remotePort });
    destroy(client, transport);
  });

  test("transport shows an IPv4 address as such where the socket shows it mapped into IPv6", () => {
    expect(plainAddress("::ffff:192.0.2.1")).toBe("192.0.2.1");
    expect(plainAddress("::ffff:c000:201")).toBe("::ffff:c000:201");
    expect(plainAddress("2001:db8::1")).toBe("2001:db8::1");
    expect(plainAddress(undefined)).toBe(undefined);
  });

  test("transport runs over a Unix socket, where nobody has an address", async () => {
    const folder = await mkdtemp(join(tmpdir(), "carteiro-"));
    const [client, server] = await sockets({ path: join(folder, "socket") });
    const [atClient, atServer] = promised([nodeTransport(client), nodeTransport(server)]);
    expect([atClient.remote, atServer.remote]).toEqual([{}, {}]);
    await atServer.write(Buffer.from("220\r\n"));
    expect(String(await atClient.read())).toBe("220\r\n");
    destroy(atClient, atServer);
    await rm(folder, { recursive: true });
  });

  test("transport reads no more than 192 KiB ahead of its reader", async () => {
    const [client, server] = await sockets();
    const transport = nodeTransport(server);
    client.write(new Uint8Array(4 * 2 ** 20));
    await turns(100);
    expect(server.bytesRead).toBeGreaterThan(0);
    expect(server.bytesRead).toBeLessThanOrEqual(192 * 1024);
    destroy(client, transport);
  });

  test("transport leaves no error unhandled that comes after it was destroyed", async () => {
    const [client, server] = await sockets();
    const transport = nodeTransport(server);
    const written = transport.write(new Uint8Array(8 * 2 ** 20));
    client.resetAndDestroy();
    transport.destroy();
    await expect(written).rejects.toThrow(/destroyed/);
    server.emit("error", new Error("A late one"));
    await turns(5);
  });

  test("transport without TLS of its own refuses to start it", async () => {
    const [client, server] = await sockets();
    await expect(nodeTransport(server).startTls()).rejects.toThrow(/give `tls`/);
    destroy(client, server);
  });
});

describe("node: certificates and names", () => {
  test("server shows the certificate for the name that the client asks for", async () => {
    const asked: string[] = [];
    const byName = serverTls({
      ...pair,
      async sni(serverName) {
        asked.push(serverName);
        await setImmediate();
        return serverName === "mx.example.net" ? otherPair : undefined;
      },
    });
    const forOther = await handshakes(byName, { ca: other.caCertificate, serverName: "mx.example.net" });
    const forDefault = await handshakes(byName, { ca: local.caCertificate, serverName: "mx.example.org" });
    expect(forOther).toMatchObject({ client: { authorized: true }, server: { serverName: "mx.example.net" } });
    expect(forDefault).toMatchObject({ client: { authorized: true }, server: { serverName: "mx.example.org" } });
    expect(asked).toEqual(["mx.example.net", "mx.example.org"]);
  });

  test("server breaks the handshake off when looking the name up fails", async () => {
    const failing = serverTls({ ...pair, sni: () => Promise.reject(new Error("The directory is down")) });
    const outcome = await handshakes(failing, { ca: local.caCertificate, serverName: "localhost" });
    expect(String(outcome.server)).toContain("The directory is down");
    expect(outcome.client).toBeInstanceOf(Error);
  });

  test("client asks for no name where it knows the server by its address (RFC 6066 section 3)", async () => {
    const { client, server } = await handshakes(serving, { ca: local.caCertificate, serverName: "127.0.0.1" });
    expect(client).toMatchObject({ authorized: true });
    expect(server).toMatchObject({ protocol: "TLSv1.3" });
    expect(server).not.toHaveProperty("serverName");
  });

  test("client that was given no name checks the certificate against the address", async () => {
    expect(await handshakes(serving, { ca: local.caCertificate })).toMatchObject({ client: { authorized: true } });
    const stranger = await handshakes(serverTls(otherPair), { ca: other.caCertificate });
    expect(stranger.client).toMatchObject({ code: "ERR_TLS_CERT_ALTNAME_INVALID" });
  });

  test("client that knows no name and no address accepts no certificate", async () => {
    const folder = await mkdtemp(join(tmpdir(), "carteiro-"));
    const ends = await sockets({ path: join(folder, "socket") });
    const outcome = await handshakes(serving, { ca: local.caCertificate }, ends);
    expect(String(outcome.client)).toContain("No server name is known");
    await rm(folder, { recursive: true });
  });

  test("client refuses a certificate for another name", async () => {
    const { client } = await handshakes(serving, { ca: local.caCertificate, serverName: "mail.example.org" });
    expect(client).toMatchObject({ code: "ERR_TLS_CERT_ALTNAME_INVALID" });
  });

  test("client that rejects nobody is told whether the certificate was verified", async () => {
    const wrongName = { ca: local.caCertificate, serverName: "mail.example.org", rejectUnauthorized: false };
    const unknown = { ca: other.caCertificate, serverName: "localhost", rejectUnauthorized: false };
    const right = { ca: local.caCertificate, serverName: "localhost", rejectUnauthorized: false };
    expect(await handshakes(serving, wrongName)).toMatchObject({ client: { authorized: false } });
    expect(await handshakes(serving, unknown)).toMatchObject({ client: { authorized: false } });
    expect(await handshakes(serving, right)).toMatchObject({ client: { authorized: true } });
  });

  test("server refuses TLS older than 1.2", async () => {
    const [client, server] = await sockets();
    const started = nodeTransport(server, { tls: serving }).startTls();
    const old = { maxVersion: "TLSv1.1", minVersion: "TLSv1", ciphers: "DEFAULT@SECLEVEL=0" } as const;
    connectTls({ socket: client, rejectUnauthorized: false, ...old }).on("error", () => {});
    await expect(started).rejects.toMatchObject({ code: "ERR_SSL_UNSUPPORTED_PROTOCOL" });
    destroy(client, server);
  });

  test("server TLS cannot be made from a key and a certificate that do not belong together", () => {
    expect(() => serverTls({ key: local.key, cert: other.certificate })).toThrow(/key values mismatch/);
    expect(() => clientTls({ ca: local.caCertificate, pair: { key: "", cert: "none" } })).toThrow();
  });
});

describe("node: TLS on the wire", () => {
  test("server takes a hello of which half had come before it started TLS", async () => {
    const { raw, tls, hello } = await heldHello();
    const [half, rest] = [hello.subarray(0, 50), hello.subarray(50)];
    raw.client.write(half);
    await turns(20);
    const started = raw.transport.startTls();
    await turns(5);
    raw.client.write(rest);
    splice(tls.wire, raw.client);
    expect(await started).toMatchObject({ protocol: "TLSv1.3", serverName: "localhost" });
    tls.socket.write("EHLO client.example.org\r\n");
    expect(String(await raw.transport.read())).toBe("EHLO client.example.org\r\n");
    destroy(tls.socket, raw.client, raw.transport);
  });

  test("transport under TLS rejects reads when octets come that are no record", async () => {
    const { raw, tls, hello } = await heldHello();
    raw.client.write(hello);
    splice(tls.wire, raw.client);
    await raw.transport.startTls();
    tls.socket.write("NOOP\r\n");
    expect(String(await raw.transport.read())).toBe("NOOP\r\n");
    const broken = expect(raw.transport.read()).rejects.toMatchObject({ library: "SSL routines" });
    tls.socket.on("error", () => {});
    raw.client.write("MAIL FROM:<mallory@example.net>\r\n");
    await broken;
    await expect(raw.transport.write(Buffer.from("250\r\n"))).rejects.toThrow();
    destroy(tls.socket, raw.client, raw.transport);
  });

  test("transport that should begin with TLS rejects a client that speaks in the clear, and closes", async () => {
    const [client, server] = await sockets();
    const secured = expect(secureNodeTransport(server, serving)).rejects.toMatchObject({ library: "SSL routines" });
    client.write("EHLO client.example.org\r\n");
    await secured;
    expect(server.destroyed).toBe(true);
    destroy(client);
  });

  test("transport over a socket that is under TLS already has its facts", async () => {
    const [client, server] = await sockets();
    const secured = secureNodeTransport(server, serving);
    const socket = connectTls({ socket: client, ca: local.caCertificate, servername: "localhost" });
    await Promise.all([secured, once(socket, "secureConnect")]);
    expect(nodeTransport(socket).tls).toMatchObject({ protocol: "TLSv1.3", authorized: true, serverName: "localhost" });
    destroy(socket, client, server);
  });
});

/** What each side's `startTls` came to: TLS facts or an error. */
async function handshakes(tls: Tls, options: ClientTlsOptions, ends?: readonly [Socket, Socket]) {
  const [client, server] = ends ?? (await sockets());
  const atClient = nodeTransport(client, { tls: clientTls(options) });
  const atServer = nodeTransport(server, { tls });
  const outcomes = await Promise.allSettled([atClient.startTls(), atServer.startTls()]);
  destroy(atClient, atServer);
  const [ofClient, ofServer] = outcomes.map((outcome) =>
    outcome.status === "fulfilled" ? outcome.value : outcome.reason,
  );
  return { client: ofClient as unknown, server: ofServer as unknown };
}

/** A client's first flight of TLS, caught before it reaches a server that is still in the clear. */
async function heldHello() {
  const [client, server] = await sockets();
  const [inner, wire] = duplexPair();
  const socket = connectTls({ socket: inner, ca: local.caCertificate, servername: "localhost" });
  const [hello] = (await once(wire, "data")) as [Buffer];
  wire.pause();
  const transport = new Promised(nodeTransport(server, { tls: serving }));
  return { raw: { client, transport }, tls: { socket, wire }, hello };
}

function splice(wire: Duplex, socket: Socket): void {
  wire.pipe(socket, { end: false });
  socket.pipe(wire, { end: false });
}

/** Both ends of a connection over loopback, on a port that the system chose unless told otherwise. */
async function sockets(at: ListenOptions = { port: 0, host: "127.0.0.1" }): Promise<[client: Socket, server: Socket]> {
  const listener = createServer().listen(at);
  await once(listener, "listening");
  const { path } = at;
  const client = path === undefined ? connectSocket(portOf(listener.address()), "127.0.0.1") : connectSocket(path);
  const [[accepted]] = await Promise.all([once(listener, "connection"), once(client, "connect")]);
  listener.close();
  return [client, accepted as Socket];
}

/** As in a runtime that has other things beneath its sockets. */
async function socketsWithStreamsAlone(): Promise<[client: Socket, server: Socket]> {
  const both = await sockets();
  for (const socket of both) Object.defineProperty(socket, "constructor", { value: class Other extends Socket {} });
  return both;
}

function portOf(address: string | AddressInfo | null): number {
  if (address === null || typeof address === "string") throw new Error("Not a TCP listener");
  return address.port;
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await setImmediate();
}

function destroy(...ends: readonly (Pick<Transport, "destroy"> | Socket | TLSSocket)[]): void {
  for (const end of ends) end.destroy();
}
