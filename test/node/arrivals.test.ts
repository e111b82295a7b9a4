// Connections that Node's listeners accept: without a socket where that is possible, and what then takes one all the same.

import { channel } from "node:diagnostics_channel";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { connect as connectSocket, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import type { Arrival, Transport } from "@carteiro/driver";
import { describe, expect, onTestFinished, test, vi } from "vitest";
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
async function connected(): Promise<{ listener: Server; client: Socket; arrival: Arrival }> {
  const { listener, arrivals } = await listening({ port: 0, host: "127.0.0.1" });
  const client = connectSocket({ port: portOf(listener), host: "127.0.0.1", allowHalfOpen: true });
  await once(client, "connect");
  while (arrivals.length === 0) await setImmediate();
  const [arrival] = arrivals;
  if (arrival === undefined) throw new Error("Nobody has come");
  return { listener, client, arrival };
}

/** The same over a Unix socket, which takes what is written to it at once. */
async function connectedLocally() {
  const folder = await mkdtemp(join(tmpdir(), "carteiro-"));
  const path = join(folder, "socket");
  const { arrivals } = await listening({ path });
  const client = connectSocket({ path, allowHalfOpen: true });
  while (arrivals.length === 0) await setImmediate();
  const [arrival] = arrivals;
  if (arrival === undefined) throw new Error("Nobody has come");
  const close = async () => {
    client.destroy();
    await rm(folder, { recursive: true });
  };
  return { client, arrival, [Symbol.asyncDispose]: close };
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await setImmediate();
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
    await using local = await connectedLocally();
    const transport = new Promised(local.arrival.open());
    expect([local.arrival.remote, transport.remote, transport.local]).toEqual([{}, {}, {}]);
    await transport.write(Buffer.from("220\r\n"));
    expect(String((await once(local.client, "data"))[0])).toBe("220\r\n");
    local.client.end("QUIT\r\n");
    expect(String(await transport.read())).toBe("QUIT\r\n");
    expect(await transport.read()).toBeUndefined();
    transport.destroy();
  });

  test("are waited for by their listener, whatever becomes of them", async () => {
    for (const becomes of ["destroyed", "ended", "reset", "secured"] as const) {
      const { client, arrival, listener } = await connected();
      client.on("error", () => {}).resume();
      const transport = becomes === "secured" ? arrival : arrival.open();
      const seen = "attach" in transport ? watched(transport) : { ended: true };
      let isClosed = false;
      const closed = new Promise<void>((resolve) => {
        listener.close(() => {
          isClosed = true;
          resolve();
        });
      });
      if (becomes === "ended") client.end();
      if (becomes === "secured") void arrival.secure?.().catch(() => {});
      await turns(20);
      if (becomes === "ended") await vi.waitUntil(() => seen.ended);
      expect([becomes, isClosed]).toEqual([becomes, false]);
      if (becomes === "reset" && "reset" in transport) transport.reset?.();
      else transport.destroy();
      await closed;
      client.destroy();
    }
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

/** As many as are read at once: the next read may find nothing, which is neither octets nor an end. */
const full = 131_072;

describe("node: octets without a socket", () => {
  test("go on to come behind a read that has filled the buffer to its last octet", async () => {
    await using local = await connectedLocally();
    const transport = new Promised(local.arrival.open());
    const first = transport.read();
    local.client.write(new Uint8Array(full));
    expect((await first)?.length).toBe(full);
    const next = transport.read();
    await turns(20);
    local.client.write("NOOP\r\n");
    expect(String(await next)).toBe("NOOP\r\n");
    local.client.end();
    expect(await transport.read()).toBeUndefined();
    transport.destroy();
  });

  test("go on to come behind such a read, once we have ended, until the peer ends", async () => {
    await using local = await connectedLocally();
    const transport = local.arrival.open();
    const seen = watched(transport);
    await transport.end();
    local.client.write(new Uint8Array(full));
    while (seen.octets < full) await setImmediate();
    await turns(20);
    expect(seen).toEqual({ octets: full, ended: false, error: undefined });
    local.client.end("QUIT\r\n");
    while (!seen.ended) await setImmediate();
    expect(seen).toEqual({ octets: full + 6, ended: true, error: undefined });
    transport.destroy();
  });

  test("that wait to be sent do not share their request with those of another connection", async () => {
    const [one, other] = [await connected(), await connected()];
    const transports = [one, other].map(({ arrival }) => arrival.open());
    const octets = new Uint8Array(4 * 2 ** 20).map((_, index) => index % 251);
    const received = [one, other].map(async ({ client }) => {
      const chunks: Buffer[] = [];
      for await (const chunk of client as AsyncIterable<Buffer>) chunks.push(chunk);
      return Buffer.concat(chunks);
    });
    for (let at = 0; at < octets.length; at += 65_536) {
      for (const transport of transports) transport.write(octets.subarray(at, at + 65_536))?.catch(() => {});
    }
    await Promise.all(transports.map((transport) => transport.end()));
    for (const all of await Promise.all(received)) expect(all.equals(octets)).toBe(true);
    for (const transport of transports) transport.destroy();
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
    await turns(20);
    client.end("two");
    await turns(20);
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
    const broken = new Promise((told) => client.once("error", told));
    client.resume();
    transport.reset?.();
    expect(await broken).toMatchObject({ code: "ECONNRESET" });
    expect(seen.error).toBeInstanceOf(Error);
  });

  test("our reset while our end is under way closes the connection all the same", async () => {
    const { client, arrival } = await connected();
    const broken = new Promise((told) => client.once("error", told));
    client.resume();
    const transport = arrival.open();
    const ended = transport.end().catch(() => {});
    transport.reset?.();
    await ended;
    while (client.writable) {
      client.write("Is anybody there?\r\n");
      await setImmediate();
    }
    expect(["ECONNRESET", "EPIPE"]).toContain(((await broken) as { readonly code: string }).code);
  });

  test("our end of an arrival that was opened closes its connection once", async () => {
    const { client, arrival, listener } = await connected();
    const transport = arrival.open();
    const seen = watched(transport);
    client.end();
    while (!seen.ended) await setImmediate();
    arrival.destroy();
    transport.destroy();
    await new Promise<void>((closed) => listener.close(() => closed()));
    client.destroy();
  });

  test("an end of the peer leaves waiting what waits to be sent, and what is sent behind it", async () => {
    const { client, arrival } = await connected();
    const transport = arrival.open();
    const seen = watched(transport);
    const [first, last] = [8 * 2 ** 20, 24 * 2 ** 20];
    void transport.write(new Uint8Array(first));
    client.end();
    while (!seen.ended) await setImmediate();
    let octets = 0;
    let isTaken = false;
    const taken = Promise.resolve(transport.write(new Uint8Array(last))).then(() => (isTaken = true));
    for await (const chunk of client as AsyncIterable<Buffer>) {
      octets += chunk.length;
      // What the system keeps on its way is less than what is behind the first write.
      if (octets <= first + last / 4) expect(isTaken).toBe(false);
      if (octets === first + last) break;
    }
    await taken;
    transport.destroy();
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
