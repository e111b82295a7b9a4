// Clients on Node's sockets: which address they reach, how long they try, and that nothing is left when they give up.

import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  connect as connectSocket,
  createServer as createSocketServer,
  type AddressInfo,
  type LookupFunction,
} from "node:net";
import { networkInterfaces } from "node:os";
import { Readable } from "node:stream";
import { connect, createServer, type ConnectOptions } from "@carteiro/node";
import { describe, expect, onTestFinished, test } from "vitest";
import { byVerb, LineServer, obliging } from "../support/line-server.ts";

const message = { from: "a@example.org", to: "b@example.org", content: "Subject: Hi\r\n" };

const hasIPv6 = Object.values(networkInterfaces()).some((all) => all?.some(({ family }) => family === "IPv6"));

/** Says that a host has these addresses. */
function addresses(...all: readonly string[]): LookupFunction {
  return (_host, _options, callback) =>
    callback(
      null,
      all.map((address) => ({ address, family: address.includes(":") ? 6 : 4 })),
    );
}

async function greeter(host: string, port = 0) {
  const server = createServer({ hostname: "mx.example.org" });
  onTestFinished(() => server.destroy());
  return server.listen({ host, port });
}

/**
 * A process that listens and accepts nobody, with its queue full: the system drops what comes, and attempts to connect
 * hang as they do behind a firewall.
 */
async function deafListener(host: string, port: number): Promise<AsyncDisposable> {
  const listening = `require("net").createServer().listen({ host: "${host}", port: ${port}, backlog: 1 }, () => console.log())`;
  const child = spawn(process.execPath, ["-e", listening], { stdio: ["ignore", "pipe", "inherit"] });
  await once(child.stdout, "data");
  child.kill("SIGSTOP");
  const queue = Array.from({ length: 8 }, () => connectSocket(port, host).on("error", () => undefined));
  await once(queue[0] ?? child, "connect");
  await new Promise((resolve) => setTimeout(resolve, 5));
  return {
    async [Symbol.asyncDispose]() {
      for (const socket of queue) socket.destroy();
      child.kill("SIGKILL");
      await once(child, "close");
    },
  };
}

/** Attempts to connect that this process has under way. */
function attempts(): number {
  return process.getActiveResourcesInfo().filter((name) => name === "ConnectWrap").length;
}

/** A port of this machine where nobody listens. */
async function deadPort(): Promise<number> {
  const server = createSocketServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

describe("addresses (RFC 8305)", () => {
  test("client reaches localhost by name", async () => {
    const { port } = await greeter("127.0.0.1");
    await using client = await connect({ port });
    expect(client.usable).toBe(true);
  });

  const orders = [
    ["::1", "127.0.0.1"],
    ["127.0.0.1", "::1"],
  ];
  const cases = orders.flatMap((order) =>
    ["127.0.0.1", ...(hasIPv6 ? ["::1"] : [])].map((host) => [order, host] as const),
  );
  test.each(cases)("client that is told %s reaches a server on %s only", async (order, host) => {
    const { port } = await greeter(host);
    await using client = await connect({ host: "mx.example.org", port, lookup: addresses(...order) });
    expect(client.usable).toBe(true);
  });

  test.skipIf(process.platform !== "linux")(
    "client does not wait for an address that does not answer, and leaves no socket at it",
    async () => {
      const { port } = await greeter("127.0.0.1");
      await using _deaf = await deafListener("127.0.0.2", port);
      const before = attempts();
      const lookup = addresses("127.0.0.2", "127.0.0.1");
      await using client = await connect({ host: "mx.example.org", port, lookup, attemptTimeout: 5 });
      expect(client.usable).toBe(true);
      while (attempts() !== before) await turn();
    },
  );

  test.skipIf(process.platform !== "linux")(
    "client that no address answers gives up at its time, and leaves no socket",
    async () => {
      const port = await deadPort();
      await using _deaf = await deafListener("127.0.0.2", port);
      const before = attempts();
      const lookup = addresses("127.0.0.2", "127.0.0.1");
      const started = connect({ host: "mx.example.org", port, lookup, attemptTimeout: 1, connectTimeout: 30 });
      await expect(started).rejects.toMatchObject({ code: "ETIMEDOUT" });
      while (attempts() !== before) await turn();
    },
  );

  test("client takes the families in turn, the system's favourite first", async () => {
    const tried: string[] = [];
    const port = await deadPort();
    const lookup = addresses("127.0.0.1", "127.0.0.2", "127.0.0.3", "::1");
    const error: unknown = await connect({ host: "mx.example.org", port, lookup }).catch((reason: unknown) => reason);
    for (const { address } of (error as { errors: { address: string }[] }).errors) tried.push(address);
    expect(tried).toEqual(["127.0.0.1", "::1", "127.0.0.2", "127.0.0.3"]);
    expect(error).toMatchObject({ code: "ECONNREFUSED", message: expect.stringContaining("127.0.0.2") });
  });

  test("client rejects with the system's error where there is one address", async () => {
    const port = await deadPort();
    await expect(connect({ host: "127.0.0.1", port })).rejects.toMatchObject({ code: "ECONNREFUSED", port });
    await expect(connect({ path: "/no/such/socket" })).rejects.toMatchObject({ code: "ENOENT" });
    await expect(connect({ host: "mx.example.org", lookup: addresses() })).rejects.toMatchObject({ code: "ENOTFOUND" });
    const failing: LookupFunction = (_host, _options, callback) =>
      callback(Object.assign(new Error("no"), { code: "EAI_AGAIN" }), "");
    await expect(connect({ host: "mx.example.org", lookup: failing })).rejects.toMatchObject({ code: "EAI_AGAIN" });
  });

  test("client refuses a port that is none", async () => {
    await expect(connect({ host: "127.0.0.1", port: 99_999 })).rejects.toMatchObject({ code: "ERR_SOCKET_BAD_PORT" });
  });
});

describe("time to connect", () => {
  const never: LookupFunction = () => undefined;

  test("a name that is not resolved in time rejects with ETIMEDOUT", async () => {
    const started = connect({ host: "mx.example.org", lookup: never, connectTimeout: 10 });
    await expect(started).rejects.toMatchObject({
      code: "ETIMEDOUT",
      message: "mx.example.org port 25 was not reached within 10 ms",
    });
  });

  test("the port is the one for what is asked for", async () => {
    const error = async (options: ConnectOptions) =>
      String(await connect({ lookup: never, connectTimeout: 1, ...options }).catch((reason: unknown) => reason));
    expect(await error({})).toContain("localhost port 25 ");
    expect(await error({ auth: { user: "ana", password: "secret" } })).toContain("port 587 ");
    expect(await error({ implicitTls: true })).toContain("port 465 ");
  });

  test("a TLS handshake that does not end in time counts too, and leaves no socket", async () => {
    await using server = await LineServer.listen(() => undefined);
    const started = connect({ host: "127.0.0.1", port: server.port, implicitTls: true, connectTimeout: 20 });
    await expect(started).rejects.toMatchObject({ code: "ETIMEDOUT" });
    await server.deserted();
    expect(server.accepted).toBe(1);
  });

  test("the greeting has a timeout of its own", async () => {
    await using server = await LineServer.listen(() => undefined);
    const started = connect({ host: "127.0.0.1", port: server.port, timeouts: { greeting: 20 } });
    await expect(started).rejects.toMatchObject({ failure: { kind: "timeout", during: "expectingGreeting" } });
    await server.deserted();
  });
});

describe("aborting", () => {
  const auth = { user: "ana", password: "secret" };
  const offersAuth = { EHLO: "250-mx.example.org\r\n250 AUTH PLAIN\r\n" };
  const stages: [string, Record<string, string>, Partial<ConnectOptions>, awaited: string | undefined][] = [
    ["the greeting", { greeting: "" }, {}, undefined],
    ["the reply to EHLO", {}, {}, "EHLO localhost"],
    ["the TLS handshake", { greeting: "" }, { implicitTls: true }, undefined],
    ["the reply to STARTTLS", { EHLO: "250-mx\r\n250 STARTTLS\r\n" }, {}, "STARTTLS"],
    ["the handshake after STARTTLS", { EHLO: "250-mx\r\n250 STARTTLS\r\n", STARTTLS: "220 Go on\r\n" }, {}, "STARTTLS"],
    [
      "the reply to AUTH",
      offersAuth,
      { auth, allowAuthInClear: true, startTls: "never" },
      "AUTH PLAIN AGFuYQBzZWNyZXQ=",
    ],
  ];

  test.each(stages)(
    "while waiting for %s rejects with the reason, and leaves no socket",
    async (_, answers, options, awaited) => {
      const controller = new AbortController();
      await using server = await LineServer.listen(byVerb(answers));
      const started = connect({ host: "127.0.0.1", port: server.port, signal: controller.signal, ...options });
      const outcome = expect(started).rejects.toThrow("not any more");
      const isThere = () => server.accepted > 0 && (awaited === undefined || server.heard.includes(awaited));
      while (!isThere()) await turn();
      await turn();
      controller.abort(new Error("not any more"));
      await outcome;
      await server.deserted();
    },
  );

  test.each(["MAIL", "DATA", "."])(
    "while waiting for the reply to %s rejects with the reason, and leaves no socket",
    async (verb) => {
      const { [verb as "MAIL"]: _, ...answers } = { ...obliging, EHLO: "250 mx.example.org\r\n" };
      await using server = await LineServer.listen(byVerb(answers));
      const client = await connect({ host: "127.0.0.1", port: server.port });
      const controller = new AbortController();
      const outcome = expect(client.send({ ...message, signal: controller.signal })).rejects.toThrow("not any more");
      while (!server.heard.some((line) => line.startsWith(verb))) await turn();
      controller.abort(new Error("not any more"));
      await outcome;
      await server.deserted();
      await client.closed;
    },
  );

  test("while content is awaited from its source rejects with the reason, without a final dot", async () => {
    await using server = await LineServer.listen(byVerb(obliging));
    const client = await connect({ host: "127.0.0.1", port: server.port });
    const controller = new AbortController();
    const content = new Readable({ read: () => undefined });
    content.push("Subject: Hi\r\n");
    const outcome = expect(client.send({ ...message, content, signal: controller.signal })).rejects.toThrow(
      "not any more",
    );
    while (!server.heard.includes("Subject: Hi")) await turn();
    controller.abort(new Error("not any more"));
    await outcome;
    await server.deserted();
    expect(server.heard).not.toContain(".");
  });

  test("while the name is being resolved, or before, rejects with the reason", async () => {
    const controller = new AbortController();
    const started = connect({ host: "mx.example.org", lookup: () => undefined, signal: controller.signal });
    controller.abort(new Error("not any more"));
    await expect(started).rejects.toThrow("not any more");
    await expect(connect({ host: "127.0.0.1", signal: controller.signal })).rejects.toThrow("not any more");
  });

  test("while an address is being tried rejects with the reason", async () => {
    const controller = new AbortController();
    const started = connect({
      host: "mx.example.org",
      port: 25,
      lookup: addresses("192.0.2.1"),
      signal: controller.signal,
    });
    setTimeout(() => controller.abort(new Error("not any more")), 5);
    // Where the machine has no way to that address it may say so first.
    await expect(started).rejects.toThrow(/not any more|ENETUNREACH|EHOSTUNREACH|ECONNREFUSED/);
  });
});

describe("a session over a socket", () => {
  test("sends a Node stream, and quits without leaving a socket", async () => {
    await using server = await LineServer.listen(byVerb(obliging));
    {
      await using client = await connect({ host: "127.0.0.1", port: server.port });
      const content = Readable.from(["Subject: Hi\r\n", Buffer.from("\r\nHello\r\n")]);
      expect((await client.send({ ...message, content })).recipients[0]?.accepted).toBe(true);
    }
    await server.deserted();
    expect(server.heard.slice(-4)).toEqual(["", "Hello", ".", "QUIT"]);
  });

  test("that the server cuts rejects with what broke it", async () => {
    await using server = await LineServer.listen((line, socket) => {
      if (line?.startsWith("MAIL") === true) socket.resetAndDestroy();
      return byVerb(obliging)(line, socket);
    });
    const client = await connect({ host: "127.0.0.1", port: server.port });
    await expect(client.send(message)).rejects.toMatchObject({
      failure: { kind: "disconnected" },
      uncertain: false,
      cause: { code: "ECONNRESET" },
    });
    await client.closed;
    await expect(client.send(message)).rejects.toMatchObject({ failure: { kind: "disconnected" } });
  });
});

function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 1));
}
