// Servers on Node's sockets: listening, limits, TLS from the start, and stopping.

import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { connect as connectSocket, type Socket } from "node:net";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import { connect as connectTls } from "node:tls";
import { accept, connect, createServer, type NodeServer, type NodeServerOptions } from "@carteiro/node";
import type { Decision } from "@carteiro/driver";
import { describe, expect, onTestFinished, test } from "vitest";
import { localhostCertificates, otherCertificates } from "../support/certificates.ts";
import { RawClient } from "../support/raw-client.ts";

const local = await localhostCertificates();
const other = await otherCertificates();
const tls = { key: local.key, cert: local.certificate };
const hostname = "mx.example.org";
const loopback = { host: "127.0.0.1", port: 0 } as const;
const hasIPv6 = Object.values(networkInterfaces()).some((all) => all?.some(({ family }) => family === "IPv6"));

async function listening(options: Partial<NodeServerOptions> = {}, implicitTls = false) {
  const server = createServer({ hostname, ...options });
  onTestFinished(() => server.destroy());
  const { port } = await server.listen({ ...loopback, implicitTls });
  return { server, port };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 1));
}

/** What a socket says up to its end, or up to what is looked for. */
async function heard(socket: Socket, sought = "\0"): Promise<string> {
  let text = "";
  socket.on("error", () => undefined);
  for await (const chunk of socket) {
    text += String(chunk);
    if (text.includes(sought)) break;
  }
  return text;
}

describe("octets", () => {
  test("of many clients at once, a few at a time and ahead of the answers, come to each handler as they were sent", async () => {
    const [clients, mails] = [12, 6];
    const came: string[] = [];
    const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
    const { port } = await listening({
      connections: { perAddress: clients },
      onMail: turn,
      onRecipient: turn,
      async onMessage({ envelope, content }) {
        const recipients = envelope.recipients.map(({ recipient }) => recipient.address);
        await turn();
        const slices: Uint8Array[] = [];
        for await (const slice of content) {
          await turn();
          slices.push(slice);
        }
        came.push([envelope.reversePath?.address, ...recipients, String(Buffer.concat(slices))].join(" "));
      },
    });
    const sent = Array.from({ length: clients * mails }, (_, mail) => {
      const text = `line ${mail} of many\r\n`.repeat(1 + (mail % 5));
      return { from: `from${mail}@a.example`, to: `to${mail}@b.example`, text };
    });
    await Promise.all(
      Array.from({ length: clients }, async (_, client) => {
        const socket = connectSocket(port, "127.0.0.1").setNoDelay(true);
        const over = heard(socket);
        const own = sent.filter((_, mail) => mail % clients === client);
        const said = own.map(({ from, to, text }) => `MAIL FROM:<${from}>\r\nRCPT TO:<${to}>\r\nDATA\r\n${text}.\r\n`);
        const octets = Buffer.from(`EHLO client${client}.example\r\n${said.join("")}QUIT\r\n`);
        for (let at = 0, size = 1; at < octets.length; at += size, size = 1 + ((at * 7 + client) % 60)) {
          socket.write(octets.subarray(at, at + size));
          await turn();
        }
        expect(await over).toContain("221 ");
      }),
    );
    const expected = sent.map(({ from, to, text }) => `${from} ${to} ${text}`);
    expect(came.toSorted()).toEqual(expected.toSorted());
  });
});

describe("listening", () => {
  test("server tells the port it was given, and greets there", async () => {
    const { port } = await listening();
    expect(port).toBeGreaterThan(0);
    await using client = await RawClient.connect(port);
    expect(await client.reply()).toBe("220 mx.example.org ESMTP ready");
  });

  test("server listens on several ports at once, in the clear and with TLS", async () => {
    const { server, port } = await listening({ tls });
    const secure = await server.listen({ ...loopback, implicitTls: true });
    const options = { host: "127.0.0.1", tls: { ca: local.caCertificate } };
    await using clear = await connect({ ...options, port });
    await using secured = await connect({ ...options, port: secure.port, implicitTls: true });
    expect(secure.port).not.toBe(port);
    expect([clear, secured].map((client) => client.tls?.authorized)).toEqual([true, true]);
    expect(server.connections).toBe(2);
  });

  test("port in use rejects with the system's error, and the server can listen elsewhere", async () => {
    const { port } = await listening();
    const server = createServer({ hostname });
    await expect(server.listen({ host: "127.0.0.1", port })).rejects.toMatchObject({ code: "EADDRINUSE" });
    await server.listen(loopback);
    await server.close();
  });

  test("implicitTls without tls is refused, saying what to give", async () => {
    await expect(createServer({ hostname }).listen({ implicitTls: true })).rejects.toThrow(/give key and cert/);
  });

  test("LMTP on port 25 is refused, saying why, and elsewhere it is not", async () => {
    const server = createServer({ hostname, protocol: "lmtp" });
    onTestFinished(() => server.destroy());
    await expect(server.listen({ host: "127.0.0.1", port: 25 })).rejects.toThrow(/LMTP on port 25: choose another/);
    const { port } = await server.listen(loopback);
    const socket = connectSocket({ host: "127.0.0.1", port });
    expect(await heard(socket, "\r\n")).toBe(`220 ${hostname} LMTP ready\r\n`);
    socket.destroy();
  });

  test("a key that does not fit is refused when the server is made", () => {
    expect(() => createServer({ hostname, tls: { key: other.key, cert: local.certificate } })).toThrow();
  });

  test("listening that is aborted rejects with the reason, and nothing listens", async () => {
    const server = createServer({ hostname });
    await expect(server.listen({ ...loopback, signal: AbortSignal.abort(new Error("never")) })).rejects.toThrow(
      "never",
    );
    const controller = new AbortController();
    const started = server.listen({ host: "localhost", port: 0, signal: controller.signal });
    controller.abort(new Error("not any more"));
    await expect(started).rejects.toThrow("not any more");
    await server.close();
  });

  test("a signal that is aborted later does not end listening", async () => {
    const server = createServer({ hostname });
    const controller = new AbortController();
    const { port } = await server.listen({ ...loopback, signal: controller.signal });
    controller.abort();
    await using client = await RawClient.connect(port);
    expect(await client.reply()).toMatch("220");
    await server.destroy();
  });

  test("server that was closed does not listen again, nor one that is closed meanwhile", async () => {
    const server = createServer({ hostname });
    const started = server.listen({ host: "localhost", port: 0 });
    await server.close();
    await expect(started).rejects.toThrow(/closed/);
    await expect(server.listen(loopback)).rejects.toThrow(/make another/);
  });

  test("server listens on a Unix socket", async () => {
    const folder = await mkdtemp(join(tmpdir(), "carteiro-"));
    const path = join(folder, "smtp");
    let remote: unknown;
    const server = createServer({
      hostname,
      connections: { perAddress: 1 },
      onMail: ({ session }) => void (remote = session.remote),
    });
    expect(await server.listen({ path })).toEqual({ address: path, port: 0 });
    await using client = await connect({ path });
    await using _second = await connect({ path });
    await client.send({ from: null, to: "a@example.org", content: "" });
    expect(remote).toEqual({});
    await server.destroy();
    await rm(folder, { recursive: true });
  });

  test.skipIf(!hasIPv6)("server listens on IPv6 and IPv4, and shows addresses as they are written", async () => {
    const seen: unknown[] = [];
    const server = createServer({ hostname, onConnection: ({ session }) => void seen.push(session.remote.address) });
    const { port } = await server.listen({ port: 0 });
    for (const host of ["127.0.0.1", "::1"]) await (await connect({ host, port })).quit();
    await server.close();
    expect(seen).toEqual(["127.0.0.1", "::1"]);
  });
});

describe("TLS before everything else", () => {
  test("a client that speaks in the clear is told nothing, and a handshakeFailed event tells of it", async () => {
    const { server, port } = await listening({ tls }, true);
    const failed: unknown[] = [];
    const errors: unknown[] = [];
    server.on("handshakeFailed", (event) => void failed.push(event));
    server.on("error", (event) => void errors.push(event));
    const socket = connectSocket(port, "127.0.0.1");
    socket.write("EHLO client.example.org\r\n");
    expect(await heard(socket)).not.toContain("220");
    await until(() => failed.length > 0);
    expect(failed).toMatchObject([
      { remote: { address: "127.0.0.1", port: expect.any(Number) }, error: { library: "SSL routines" } },
    ]);
    expect([errors, server.connections]).toEqual([[], 0]);
  });

  test("a client that does not go on with the handshake is dropped after the tls timeout", async () => {
    const { server, port } = await listening({ tls, timeouts: { tls: 20 } }, true);
    const failed: unknown[] = [];
    server.on("handshakeFailed", ({ error }) => void failed.push(String(error)));
    const socket = connectSocket(port, "127.0.0.1");
    expect(await heard(socket)).toBe("");
    await until(() => server.connections === 0);
    expect(failed).toEqual(["Error: No TLS handshake within 20 ms"]);
  });

  test("a client that stalls in STARTTLS is dropped after the tls timeout too", async () => {
    const { server, port } = await listening({ tls, timeouts: { tls: 20 } });
    await using client = await RawClient.connect(port);
    await client.reply();
    await client.ask("EHLO c.example");
    expect(await client.ask("STARTTLS")).toMatch("220");
    expect(await client.rest()).toBe("");
    await until(() => server.connections === 0);
  });

  test("handshakes count for the limits, in all and by address", async () => {
    for (const connections of [{ total: 1 }, { perAddress: 1 }]) {
      const { server, port } = await listening({ tls, connections }, true);
      const stalling = connectSocket(port, "127.0.0.1");
      await until(() => server.connections === 1);
      const late = connectSocket(port, "127.0.0.1");
      expect(await heard(late)).toBe("");
      stalling.destroy();
      await until(() => server.connections === 0);
      await (await connect({ host: "127.0.0.1", port, implicitTls: true, tls: { ca: local.caCertificate } })).quit();
    }
  });

  test("close ends handshakes", async () => {
    const { server, port } = await listening({ tls }, true);
    const stalling = connectSocket(port, "127.0.0.1");
    const ended = heard(stalling);
    await until(() => server.connections === 1);
    await server.close();
    expect([await ended, server.connections]).toEqual(["", 0]);
  });

  test("server shows the certificate for the name that is asked for", async () => {
    const sni = (name: string) => (name === "mx.example.net" ? { key: other.key, cert: other.certificate } : undefined);
    const { port } = await listening({ tls: { ...tls, sni } }, true);
    const options = { host: "127.0.0.1", port, implicitTls: true } as const;
    await using forOther = await connect({
      ...options,
      tls: { ca: other.caCertificate, serverName: "mx.example.net" },
    });
    await using forLocal = await connect({
      ...options,
      tls: { ca: local.caCertificate, serverName: "mx.example.org" },
    });
    expect([forOther.tls?.authorized, forLocal.tls?.authorized]).toEqual([true, true]);
  });
});

describe("a client that goes while a handler decides", () => {
  test.each([
    ["in the clear", false],
    ["under TLS", true],
  ])("aborts the handler's signal when it resets the connection %s", async (_, implicitTls) => {
    let aborted: unknown;
    let asked = false;
    const onMail: NodeServerOptions["onMail"] = ({ signal }) => {
      asked = true;
      return new Promise<void>((resolve) =>
        signal.addEventListener("abort", () => {
          aborted = signal.reason;
          resolve();
        }),
      );
    };
    const { server, port } = await listening({ tls, onMail }, implicitTls);
    const raw = connectSocket(port, "127.0.0.1").on("error", () => undefined);
    const socket = implicitTls ? connectTls({ socket: raw, ca: local.caCertificate, host: "127.0.0.1" }) : raw;
    socket.on("error", () => undefined);
    let text = "";
    socket.on("data", (chunk: unknown) => (text += String(chunk)));
    socket.write("EHLO c.example\r\nMAIL FROM:<a@example.org>\r\n");
    // Nothing is left to be written, whose failure would tell as well.
    await until(() => asked && text.includes("\r\n250 "));
    raw.resetAndDestroy();
    await until(() => server.connections === 0);
    expect(String(aborted)).toMatch("DecisionVoidError");
  });
});

describe("limits of connections", () => {
  test("beyond them a connection is refused with 421", async () => {
    const { port, server } = await listening({ connections: { total: 2 } });
    await using first = await RawClient.connect(port);
    await using second = await RawClient.connect(port);
    await using third = await RawClient.connect(port);
    const replies = await Promise.all([first, second, third].map((client) => client.reply()));
    expect(replies.map((reply) => reply.slice(0, 3)).toSorted()).toEqual(["220", "220", "421"]);
    await until(() => server.connections <= 2);
  });

  test("hundreds of connections that are opened and dropped leave nothing behind", async () => {
    const { server, port } = await listening({ tls, connections: { total: 50, perAddress: 50 } });
    const secure = await server.listen({ ...loopback, implicitTls: true });
    const visits = Array.from({ length: 300 }, async (_, index) => {
      const socket = connectSocket(index % 3 === 0 ? secure.port : port, "127.0.0.1");
      socket.on("error", () => undefined);
      if (index % 4 === 1) socket.write("EHLO c.example\r\nMAIL FROM:<a@example.org>\r\n");
      if (index % 4 !== 2) await once(socket, "connect").catch(() => undefined);
      if (index % 2 === 0) socket.resetAndDestroy();
      else socket.end().resume();
      if (!socket.destroyed || !socket.closed) await once(socket, "close").catch(() => undefined);
    });
    await Promise.all(visits);
    await until(() => server.connections === 0);
    await using client = await connect({ host: "127.0.0.1", port, tls: { ca: local.caCertificate } });
    expect(client.usable).toBe(true);
  });
});

describe("stopping", () => {
  async function inTransaction(server: NodeServer, port: number) {
    const client = await RawClient.connect(port);
    onTestFinished(() => client[Symbol.asyncDispose]());
    await client.reply();
    for (const line of ["EHLO c.example", "MAIL FROM:<a@example.org>", "RCPT TO:<b@example.org>"])
      await client.ask(line);
    expect(server.connections).toBeGreaterThan(0);
    return client;
  }

  test("close lets a transaction come to its end, refuses new connections, and closes idle ones at once", async () => {
    const { server, port } = await listening();
    const client = await inTransaction(server, port);
    await using idle = await RawClient.connect(port);
    await idle.reply();
    const closed = server.close();
    expect(await idle.reply()).toMatch("421 4.3.2");
    await expect(RawClient.connect(port)).rejects.toMatchObject({ code: "ECONNREFUSED" });
    expect(await client.ask("DATA")).toMatch("354");
    expect(await client.ask("Subject: Hi\r\n.")).toMatch("250 2.6.0");
    expect(await client.reply()).toMatch("421");
    await client[Symbol.asyncDispose]();
    await closed;
  });

  test("close waits no longer than its signal", async () => {
    const { server, port } = await listening();
    const client = await inTransaction(server, port);
    const controller = new AbortController();
    const closed = server.close({ signal: controller.signal });
    controller.abort();
    await closed;
    expect(await client.rest()).toMatch("421 4.3.2");
  });

  test.each([
    ["in the clear", false],
    ["under TLS", true],
  ])("destroy says 421 to everybody %s, in whatever they are", async (_, implicitTls) => {
    const { server, port } = await listening(
      { tls, onData: () => new Promise<Decision>(() => undefined) },
      implicitTls,
    );
    const at = { port, host: "127.0.0.1" };
    const commands = ["EHLO c.example", "MAIL FROM:<a@example.org>", "RCPT TO:<b@example.org>", "DATA"];
    const talks = ["220 ", "250 ", "2.1.0", "2.1.5"].map((lastHeard, count) => {
      const socket = implicitTls ? connectTls({ ...at, ca: local.caCertificate }) : connectSocket(at);
      const talk = { text: "", lastHeard, closed: once(socket, "close") };
      socket.on("error", () => undefined);
      socket.on("data", (chunk: unknown) => (talk.text += String(chunk)));
      const said = count === 3 ? commands : commands.slice(0, count);
      socket.write(said.map((line) => `${line}\r\n`).join(""));
      return talk;
    });
    await until(() => talks.every(({ text, lastHeard }) => text.includes(lastHeard)));
    await server.destroy();
    await Promise.all(talks.map(({ closed }) => closed));
    for (const { text } of talks) expect(text).toMatch(/^421 4\.3\.2/m);
    expect(server.connections).toBe(0);
  });

  test("disposal closes", async () => {
    let port = 0;
    {
      await using server = createServer({ hostname, onMail: () => accept() });
      ({ port } = await server.listen(loopback));
    }
    await expect(RawClient.connect(port)).rejects.toMatchObject({ code: "ECONNREFUSED" });
  });
});

describe("back-pressure", () => {
  test("a consumer that stalls holds the client back, and gets every octet when it goes on", async () => {
    const total = 50_000_000;
    let goOn: () => void = () => undefined;
    const stalled = new Promise<void>((resolve) => (goOn = resolve));
    let consumed = 0;
    const { port } = await listening({
      async onMessage({ content }) {
        for await (const slice of content) {
          if (consumed === 0) await stalled;
          consumed += slice.length;
        }
      },
    });
    let produced = 0;
    async function* source() {
      const lines = Buffer.from(`${"x".repeat(998)}\r\n`.repeat(50));
      for (; produced < total; produced += lines.length) yield lines;
    }
    await using client = await connect({ host: "127.0.0.1", port });
    const sending = client.send({ from: null, to: "a@example.org", content: source() });
    for (let last = -1, still = 0; still < 20; still++) {
      if (produced !== last || produced === 0) still = 0;
      last = produced;
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    // Both sides' buffers in the kernel are most of it.
    expect(produced).toBeLessThan(20_000_000);
    goOn();
    expect((await sending).reply?.code).toBe(250);
    expect(consumed).toBe(total);
  });
});
