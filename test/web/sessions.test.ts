// Clients and servers over streams that need no network: what users of @carteiro/web do.

import { clientTls, serverTls } from "@carteiro/node";
import { accept, connect, createServer, reject, SmtpError, type SmtpClient, type StreamServer } from "@carteiro/web";
import { describe, expect, test } from "vitest";
import { localhostCertificates } from "../support/certificates.ts";
import { heldMemory } from "../support/held-memory.ts";
import { joinedStreams } from "../support/joined-streams.ts";
import { secured } from "../support/secured-streams.ts";

const megabyte = 2 ** 20;
const envelope = { from: "a@example.org", to: "b@example.org" };

describe("@carteiro/web", () => {
  test("client and server talk over streams that hold nothing back", async () => {
    const heard: string[] = [];
    const server = createServer({
      hostname: "mx.example.org",
      onRecipient: ({ recipient }) =>
        recipient.localPart === "nobody" ? reject(550, "5.1.1", "No such user") : accept(),
      async onMessage({ content }) {
        heard.push(new TextDecoder().decode(await content.bytes()));
      },
    });
    const [here, there] = joinedStreams(0);
    const served = server.accept(there);
    const client = await connect(here, { hostname: "client.example.org" });
    const result = await client.send({
      from: "a@example.org",
      to: ["b@example.org", "nobody@example.org"],
      content: "Subject: Hi\r\n\r\nHello!\r\n",
    });
    expect(result.recipients.map(({ accepted }) => accepted)).toEqual([true, false]);
    expect(heard).toEqual(["Subject: Hi\r\n\r\nHello!\r\n"]);
    await client.quit();
    await served;
    expect(server.connections).toBe(0);
  });

  test("a message of 10 MB passes a server that reads slowly, and hardly any of it is held", async () => {
    let received = 0;
    let most = 0;
    const server = createServer({
      hostname: "mx.example.org",
      async onMessage({ content }) {
        const before = heldMemory();
        let chunks = 0;
        for await (const chunk of content) {
          received += chunk.length;
          await new Promise((resolve) => setTimeout(resolve, 1));
          if ((chunks += 1) % 40 === 0) most = Math.max(most, heldMemory() - before);
        }
      },
    });
    const client = await meet(server);
    const line = new TextEncoder().encode(`${"x".repeat(62)}\r\n`.repeat(1024));
    async function* content() {
      for (let sent = 0; sent < 10 * megabyte; sent += line.length) yield line;
    }
    await client.send({ ...envelope, content: content() });
    expect(received).toBe(10 * megabyte);
    expect(most).toBeLessThan(2 * megabyte);
    await client.quit();
  });

  test("both sides take STARTTLS where both were given a way to it", async () => {
    const { key, certificate, caCertificate } = await localhostCertificates();
    const tls: unknown[] = [];
    const server = createServer({
      hostname: "mx.example.org",
      startTls: true,
      onMessage: ({ session }) => void tls.push(session.tls),
    });
    const [here, there] = joinedStreams();
    void server.accept(there, { upgrade: () => secured(there, serverTls({ key, cert: certificate })) });
    const trusting = clientTls({ ca: caCertificate, serverName: "localhost" });
    const client = await connect(here, { startTls: "required", upgrade: () => secured(here, trusting) });
    expect(client.tls).toMatchObject({ protocol: "TLSv1.3", authorized: true });
    await client.send({ ...envelope, content: "Hi\r\n" });
    expect(tls).toMatchObject([{ protocol: "TLSv1.3" }]);
    await client.quit();
  });

  test("client without a way to TLS stays in the clear where STARTTLS is offered, and refuses to promise more", async () => {
    const server = createServer({ hostname: "mx.example.org", startTls: true });
    const [one, other] = joinedStreams();
    void server.accept(other, { upgrade: () => Promise.reject(new Error("Not to be called")) });
    const client = await connect(one);
    expect(client.capabilities.map(({ keyword }) => keyword)).toContain("STARTTLS");
    expect(client.tls).toBe(undefined);
    await client.quit();
    const [here, there] = joinedStreams();
    await expect(connect(here, { startTls: "required" })).rejects.toThrow(TypeError);
    await expect(there.readable.getReader().read()).rejects.toThrow(/destroyed/);
  });

  test("server announces STARTTLS to nobody whose streams have no way to it", async () => {
    const client = await meet(createServer({ hostname: "mx.example.org", startTls: true }));
    expect(client.capabilities.map(({ keyword }) => keyword)).not.toContain("STARTTLS");
    await client.quit();
  });

  test("client sends a password over a channel that is said to be under TLS already", async () => {
    const server = createServer({
      hostname: "mx.example.org",
      onAuthenticate: ({ user, password }) =>
        user === "jones" && password === "secret" ? accept() : reject(535, "5.7.8", "Not known"),
    });
    const [here, there] = joinedStreams();
    void server.accept(there, { tls: {} });
    const client = await connect(here, { tls: {}, auth: { user: "jones", password: "secret" } });
    expect(client.usable).toBe(true);
    await client.quit();
  });

  test("a handler's signal is aborted when the streams break while it decides", async () => {
    const { promise: asked, resolve: ask } = Promise.withResolvers<AbortSignal>();
    const { promise: held, resolve: release } = Promise.withResolvers<void>();
    const server = createServer({
      hostname: "mx.example.org",
      onMail: ({ signal }) => {
        ask(signal);
        return held;
      },
    });
    const client = await meet(server);
    const sending = client.send({ ...envelope, content: "Hi\r\n" });
    const signal = await asked;
    client.destroy(new Error("No longer"));
    await expect(sending).rejects.toBeInstanceOf(SmtpError);
    while (!signal.aborted) await new Promise((resolve) => setTimeout(resolve, 1));
    release();
    await server.close();
  });
});

/** A client of the server's, over streams that hold some octets. */
function meet(server: StreamServer): Promise<SmtpClient> {
  const [here, there] = joinedStreams();
  void server.accept(there);
  return connect(here);
}
