// Connections that Node's listeners accept: without a socket where that is possible, and what then takes one all the same.

import { channel } from "node:diagnostics_channel";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { connect as connectSocket, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import type { Arrival, Transport } from "@carteiro/driver";
import { describe, expect, onTestFinished, test } from "vitest";
import { takeHandles } from "../../packages/node/src/arrivals.ts";
import { clientTls, serverTls } from "../../packages/node/src/tls.ts";
import { nodeTransport, secureNodeTransport } from "../../packages/node/src/transport.ts";
import { localhostCertificates, otherCertificates } from "../support/certificates.ts";
import { Promised } from "../support/promised.ts";
import { transportContract } from "../support/transport-contract.ts";

const local = await localhostCertificates();
const other = await otherCertificates();
const serving = serverTls({ key: local.key, cert: local.certificate });
const trusting = clientTls({ ca: local.caCertificate, serverName: "localhost" });
const distrusting = clientTls({ ca: other.caCertificate, serverName: "localhost" });

const isTaken = process.platform !== "win32";

/** A listener, with the connections that came by it in either way. */
async function listening(where: { readonly path: string } | { readonly port: 0; readonly host: string }) {
  const sockets: Socket[] = [];
  const arrivals: Arrival[] = [];
  const listener = createServer({ allowHalfOpen: true }, (socket) => sockets.push(socket)).listen(where);
  await once(listener, "listening");
  takeHandles(listener, { keepAlive: true, tls: serving }, (arrival) => arrivals.push(arrival));
  onTestFinished(() => void listener.close());
  return { listener, sockets, arrivals };
}

/** A client's socket, and how it has come in at the server. */
async function connected(): Promise<{ client: Socket; arrival: Arrival }> {
  const { listener, arrivals } = await listening({ port: 0, host: "127.0.0.1" });
  const client = connectSocket({ port: portOf(listener), host: "127.0.0.1", allowHalfOpen: true });
  await once(client, "connect");
  while (arrivals.length === 0) await setImmediate();
  const [arrival] = arrivals;
  if (arrival === undefined) throw new Error("Nobody has come");
  return { client, arrival };
}

function portOf(listener: Server): number {
  return (listener.address() as AddressInfo).port;
}

/** What has befallen a transport that reads all that comes. */
function watched(transport: Transport) {
  const seen = { octets: 0, ended: false, error: undefined as unknown };
  transport.attach({
    received(bytes) {
      seen.octets += bytes.length;
      void transport.read();
    },
    ended: () => (seen.ended = true),
    broken: (error) => (seen.error ??= error),
  });
  void transport.read();
  return seen;
}

transportContract("node, without a socket", {
  async connect({ untrusted = false } = {}) {
    const { client, arrival } = await connected();
    return { client: nodeTransport(client, { tls: untrusted ? distrusting : trusting }), server: arrival.open() };
  },
  async connectSecure() {
    const { client, arrival } = await connected();
    const [atClient, atServer] = await Promise.all([secureNodeTransport(client, trusting), arrival.secure?.()]);
    if (atServer === undefined) throw new Error("There is a certificate");
    return { client: atClient, server: atServer };
  },
  run: (body) => body(),
  turn: () => setImmediate(),
  mostBuffered: 16 * 2 ** 20,
  large: 10 * 2 ** 20,
});

describe.runIf(isTaken)("node: accepted connections", () => {
  test("come without a socket", async () => {
    const { listener, sockets, arrivals } = await listening({ port: 0, host: "127.0.0.1" });
    const client = connectSocket(portOf(listener), "127.0.0.1");
    while (arrivals.length === 0) await setImmediate();
    expect(sockets).toEqual([]);
    expect(arrivals[0]?.remote).toEqual({ address: "127.0.0.1", port: client.localPort });
    expect(arrivals[0]?.open().local).toEqual({ address: "127.0.0.1", port: client.remotePort });
    arrivals[0]?.destroy();
    client.destroy();
  });

  test("come with a socket while somebody watches all sockets of the process", async () => {
    const { listener, sockets, arrivals } = await listening({ port: 0, host: "127.0.0.1" });
    const shown: unknown[] = [];
    const watch = (message: unknown) => void shown.push(message);
    channel("net.server.socket").subscribe(watch);
    const client = connectSocket(portOf(listener), "127.0.0.1");
    while (sockets.length === 0) await setImmediate();
    channel("net.server.socket").unsubscribe(watch);
    expect(arrivals).toEqual([]);
    expect(shown).toHaveLength(1);
    client.destroy();
    sockets[0]?.destroy();
  });

  test("come with a socket where what is beneath them is not known", async () => {
    const { listener, sockets, arrivals } = await listening({ port: 0, host: "127.0.0.1" });
    const { _handle: accepting } = listener as unknown as { _handle: { onconnection: (...given: unknown[]) => void } };
    const { onconnection } = accepting;
    accepting.onconnection = function (error, handle) {
      Object.defineProperty(handle, "useUserBuffer", { value: undefined });
      onconnection.call(this, error, handle);
    };
    const client = connectSocket(portOf(listener), "127.0.0.1");
    while (sockets.length === 0) await setImmediate();
    expect(arrivals).toEqual([]);
    client.destroy();
    sockets[0]?.destroy();
  });

  test("over a Unix socket have no addresses", async () => {
    const folder = await mkdtemp(join(tmpdir(), "carteiro-"));
    const path = join(folder, "socket");
    const { arrivals } = await listening({ path });
    const client = connectSocket(path);
    while (arrivals.length === 0) await setImmediate();
    const transport = new Promised(arrivals[0]?.open() as Transport);
    expect([arrivals[0]?.remote, transport.remote, transport.local]).toEqual([{}, {}, {}]);
    await transport.write(Buffer.from("220\r\n"));
    expect(String((await once(client, "data"))[0])).toBe("220\r\n");
    client.end("QUIT\r\n");
    expect(String(await transport.read())).toBe("QUIT\r\n");
    expect(await transport.read()).toBeUndefined();
    transport.destroy();
    client.destroy();
    await rm(folder, { recursive: true });
  });

  test("that nobody opens are closed", async () => {
    const { client, arrival } = await connected();
    arrival.destroy();
    await once(client.resume(), "end");
    client.destroy();
  });

  test("whose handshake is given up are closed", async () => {
    const { client, arrival } = await connected();
    const secured = arrival.secure?.();
    await setImmediate();
    arrival.destroy();
    await expect(secured).rejects.toThrow();
    await once(client.resume(), "end");
    client.destroy();
  });
});

describe("node: what ends a connection without a socket", () => {
  test("an end of the peer leaves our side open for what is still to be said", async () => {
    const { client, arrival } = await connected();
    const transport = arrival.open();
    const seen = watched(transport);
    client.end("QUIT\r\n");
    while (!seen.ended) await setImmediate();
    expect(seen).toEqual({ octets: 6, ended: true, error: undefined });
    void transport.write(Buffer.from("221 "));
    void transport.write(Buffer.from("2.0.0\r\n"));
    await transport.end();
    let text = "";
    for await (const chunk of client as AsyncIterable<Buffer>) text += String(chunk);
    expect(text).toBe("221 2.0.0\r\n");
    transport.destroy();
  });

  test("an end of the peer behind octets that nobody has asked for is told behind them", async () => {
    const { client, arrival } = await connected();
    const transport = new Promised(arrival.open());
    client.write("one");
    for (let turn = 0; turn < 20; turn++) await setImmediate();
    client.end("two");
    for (let turn = 0; turn < 20; turn++) await setImmediate();
    let text = "";
    for (let chunk = await transport.read(); chunk !== undefined; chunk = await transport.read()) text += String(chunk);
    expect(text).toBe("onetwo");
    transport.destroy();
    client.destroy();
  });

  test("a reset is told with the system's word for it", async () => {
    const { client, arrival } = await connected();
    const seen = watched(arrival.open());
    client.resetAndDestroy();
    while (seen.error === undefined) await setImmediate();
    expect(seen.error).toMatchObject({ code: "ECONNRESET", syscall: "read" });
    expect(seen.ended).toBe(false);
  });

  test("a reset is told while nobody reads", async () => {
    const { client, arrival } = await connected();
    const transport = arrival.open();
    const told = Promise.withResolvers<unknown>();
    const came = new Promise<unknown>((received) => {
      transport.attach({ received, ended: () => {}, broken: told.resolve });
    });
    void transport.read();
    client.write("NOOP\r\n");
    await came;
    client.resetAndDestroy();
    expect(await told.promise).toMatchObject({ code: "ECONNRESET" });
  });

  test("a reset while octets wait to be sent is told, and settles their write", async () => {
    const { client, arrival } = await connected();
    const transport = arrival.open();
    const seen = watched(transport);
    const written = transport.write(new Uint8Array(8 * 2 ** 20));
    client.resetAndDestroy();
    await expect(written).rejects.toThrow();
    while (seen.error === undefined) await setImmediate();
    expect(seen.error).toMatchObject({ code: "ECONNRESET" });
    transport.destroy();
  });

  test("a write that fails is told with the system's word for it", async () => {
    const { client, arrival } = await connected();
    const transport = arrival.open();
    const told = Promise.withResolvers<unknown>();
    transport.attach({ received: () => {}, ended: () => {}, broken: told.resolve });
    client.resetAndDestroy();
    for (let write = 0, isTold = false; write < 1_000 && !isTold; write++) {
      transport.write(Buffer.from("250 2.0.0 OK\r\n"))?.catch(() => {});
      isTold = await Promise.race([told.promise.then(() => true), setImmediate(false)]);
    }
    const { code, syscall } = (await told.promise) as { readonly code: string; readonly syscall: string };
    expect(["EPIPE", "ECONNRESET"]).toContain(code);
    expect(["write", "read"]).toContain(syscall);
    await expect(transport.write(Buffer.from("250\r\n"))).rejects.toThrow();
    transport.destroy();
  });

  test("our reset is one for the peer", async () => {
    const { client, arrival } = await connected();
    const transport = arrival.open();
    const seen = watched(transport);
    client.on("error", () => {});
    const broken = once(client.resume(), "error");
    transport.reset?.();
    await broken.catch((error: unknown) => expect(error).toMatchObject({ code: "ECONNRESET" }));
    expect(seen.error).toBeInstanceOf(Error);
  });

  test("octets that come behind our end are read, and then the peer's end", async () => {
    const { client, arrival } = await connected();
    const transport = arrival.open();
    const seen = watched(transport);
    const closed = once(client.resume(), "close");
    await transport.end();
    client.write(new Uint8Array(100_000));
    client.end();
    while (!seen.ended) await setImmediate();
    expect(seen).toEqual({ octets: 100_000, ended: true, error: undefined });
    transport.destroy();
    await closed;
  });
});
