// The pool over real sockets: few connections for many messages, and none left.

import { accept, connect, createPool, createServer, type NodeServerOptions } from "@carteiro/node";
import type { ServerEvents } from "@carteiro/driver";
import { describe, expect, onTestFinished, test } from "vitest";
import { localhostCertificates } from "../support/certificates.ts";
import { byVerb, LineServer, obliging } from "../support/line-server.ts";

const local = await localhostCertificates();
const message = { from: "a@example.org", to: "b@example.org", content: "Subject: Hi\r\n" };

async function serving(options: Partial<NodeServerOptions> = {}) {
  const server = createServer({
    hostname: "mx.example.org",
    tls: { key: local.key, cert: local.certificate },
    ...options,
  });
  onTestFinished(() => server.destroy());
  const opened: ServerEvents["sessionOpened"][] = [];
  server.on("sessionOpened", (event) => void opened.push(event));
  const { port } = await server.listen({ host: "127.0.0.1", port: 0 });
  return { server, opened, host: "localhost", port, tls: { ca: local.caCertificate } };
}

describe("pool", () => {
  test("sends many messages by few connections, with TLS and AUTH, and closes them all", async () => {
    const texts: string[] = [];
    const { server, opened, ...where } = await serving({
      authentication: { required: true },
      onAuthenticate: ({ password }) => (password === "secret" ? accept() : (undefined as never)),
      onMessage: async ({ content }) => void texts.push(await content.text()),
    });
    {
      await using pool = createPool({ ...where, auth: { user: "ana", password: "secret" }, connections: 3 });
      const contents = Array.from({ length: 60 }, (_, index) => `${index}\r\n`);
      const results = await Promise.all(contents.map((content) => pool.send({ ...message, content })));
      expect(results.every(({ recipients }) => recipients[0]?.accepted)).toBe(true);
      expect(texts.toSorted()).toEqual(contents.toSorted());
      expect([opened.length, pool.connections]).toEqual([3, 3]);
    }
    await server.close();
    expect(server.connections).toBe(0);
  });

  test("sends again by a new connection what a kept one that the server had closed did not take", async () => {
    await using server = await LineServer.listen(byVerb(obliging));
    const pool = createPool({ host: "127.0.0.1", port: server.port });
    await pool.send(message);
    for (const socket of server.sockets) socket.resetAndDestroy();
    expect((await pool.send(message)).recipients[0]?.accepted).toBe(true);
    expect(server.accepted).toBe(2);
    await pool.close();
    await server.deserted();
  });

  test("rejects where nobody can be reached, and is at once ready to try again", async () => {
    await using server = await LineServer.listen(() => "554 5.3.2 No\r\n");
    const pool = createPool({ host: "127.0.0.1", port: server.port, timeouts: { quit: 10 } });
    for (let round = 0; round < 2; round++) {
      await expect(pool.send(message)).rejects.toMatchObject({ failure: { kind: "refused", reply: { code: 554 } } });
    }
    await pool.close();
    expect(pool.connections).toBe(0);
  });

  test("that is destroyed gives up connections that are being opened", async () => {
    await using server = await LineServer.listen(() => "");
    const pool = createPool({ host: "127.0.0.1", port: server.port });
    const sending = expect(pool.send(message)).rejects.toThrow("enough");
    while (server.accepted === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    await pool.destroy(new Error("enough"));
    await sending;
    await server.deserted();
  });

  test("closes a connection without work after its idle time", async () => {
    const { server, opened: _, ...where } = await serving();
    const pool = createPool({ ...where, idle: 5 });
    await pool.send(message);
    while (server.connections > 0) await new Promise((resolve) => setTimeout(resolve, 1));
    expect(pool.connections).toBeLessThanOrEqual(1);
    await pool.close();
  });

  test("whose options make no sense cannot be made", async () => {
    expect(() => createPool({ connections: 0 })).toThrow(RangeError);
    expect(() => createPool({ tls: { pair: { key: "none", cert: "none" } } })).toThrow();
    await expect(connect({ tls: { pair: { key: "none", cert: "none" } } })).rejects.toThrow();
  });
});
