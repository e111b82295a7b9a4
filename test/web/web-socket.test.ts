// A WebSocket as a pair of streams: Node's own client against a server of `ws`, which is a good peer and a bad one.

import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { connect, createServer, webSocketStreams } from "@carteiro/web";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { WebSocketServer, type WebSocket as PeerSocket } from "ws";

let listener: WebSocketServer;
beforeAll(async () => {
  listener = new WebSocketServer({ host: "127.0.0.1", port: 0 });
  await once(listener, "listening");
});
afterAll(() => listener.close());

describe("webSocketStreams", () => {
  test("carries sessions between a client and a server that both use it", async () => {
    const contents: number[] = [];
    const server = createServer({
      hostname: "mx.example.org",
      onMessage: async ({ content }) => void contents.push((await content.bytes()).length),
    });
    const [socket, peer] = await sockets();
    const served = server.accept(webSocketStreams(peer as unknown as WebSocket));
    const client = await connect(webSocketStreams(socket));
    const content = `${"x".repeat(62)}\r\n`.repeat(32_768);
    await client.send({ from: "a@example.org", to: "b@example.org", content });
    expect(contents).toEqual([content.length]);
    await client.quit();
    await served;
  });

  test("waits for a socket that is still connecting, and reads text as octets", async () => {
    const accepted = once(listener, "connection") as Promise<[PeerSocket]>;
    const { readable, writable } = webSocketStreams(new WebSocket(address()));
    await writable.getWriter().write(Uint8Array.of(1, 2));
    const [peer] = await accepted;
    peer.send("220 mx.exämple.org\r\n");
    const { value } = await readable.getReader().read();
    expect(new TextDecoder().decode(value)).toBe("220 mx.exämple.org\r\n");
    peer.close();
  });

  test("asks a writer to wait while much is unsent, and goes on when it is sent", async () => {
    const [socket, peer] = await sockets();
    peer.pause();
    const writer = webSocketStreams(socket, { unsentLimit: 100_000 }).writable.getWriter();
    let written = 0;
    const flood = async () => {
      for (; written < 64; written += 1) await writer.write(new Uint8Array(2 ** 20));
    };
    const flooding = flood();
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(written).toBeLessThan(64);
    let received = 0;
    peer.on("message", (data: Buffer) => void (received += data.length));
    peer.resume();
    await flooding;
    await writer.close();
    await once(peer, "close");
    expect(received).toBe(64 * 2 ** 20);
  });

  test("ends the readable when the peer closes in order, with all that came before", async () => {
    const [socket, peer] = await sockets();
    const reader = webSocketStreams(socket).readable.getReader();
    peer.send(Uint8Array.of(1));
    peer.close(1000);
    await once(socket, "close");
    expect((await reader.read()).value).toEqual(Uint8Array.of(1));
    expect((await reader.read()).done).toBe(true);
  });

  test("breaks both streams when the peer is gone, and the peer's when one is aborted", async () => {
    const [socket, peer] = await sockets();
    const { readable, writable } = webSocketStreams(socket);
    peer.terminate();
    await expect(readable.getReader().read()).rejects.toMatchObject({ code: "ECONNRESET" });
    await expect(writable.getWriter().closed).rejects.toMatchObject({ code: "ECONNRESET" });

    const [another, itsPeer] = await sockets();
    const atPeer = webSocketStreams(itsPeer as unknown as WebSocket).readable.getReader();
    await webSocketStreams(another).writable.abort();
    await expect(atPeer.read()).rejects.toThrow(/4000/);
  });

  test("closes a socket on which more comes than is read", async () => {
    const [socket, peer] = await sockets();
    const reader = webSocketStreams(socket, { unreadLimit: 1000 }).readable.getReader();
    for (let sent = 0; sent < 11; sent++) peer.send(new Uint8Array(100));
    const [code] = (await once(peer, "close")) as [number];
    expect(code).toBe(4000);
    await expect(reader.read()).rejects.toThrow(/More than 1000 octets/);
  });
});

/** Both ends of a new connection. */
async function sockets(): Promise<[WebSocket, PeerSocket]> {
  const accepted = once(listener, "connection") as Promise<[PeerSocket]>;
  const socket = new WebSocket(address());
  const [[peer]] = await Promise.all([accepted, once(socket, "open")]);
  return [socket, peer];
}

function address(): string {
  return `ws://127.0.0.1:${(listener.address() as AddressInfo).port}`;
}
