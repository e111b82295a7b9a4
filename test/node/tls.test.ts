// TLS between our client and servers over real sockets, with real certificates: who is trusted, and what is injected.

import { createServer as createSocketServer, type AddressInfo } from "node:net";
import { once } from "node:events";
import {
  accept,
  connect,
  createServer,
  serverTls,
  nodeTransport,
  type ConnectOptions,
  type NodeServerOptions,
} from "@carteiro/node";
import { SmtpError } from "@carteiro/driver";
import { describe, expect, onTestFinished, test } from "vitest";
import { localhostCertificates, otherCertificates } from "../support/certificates.ts";
import { byVerb, LineServer, obliging } from "../support/line-server.ts";
import { RawClient } from "../support/raw-client.ts";
import { WirePeer } from "../support/wire-peer.ts";

const local = await localhostCertificates();
const other = await otherCertificates();
const tls = { key: local.key, cert: local.certificate };
const trusted = { ca: local.caCertificate };
const auth = { user: "ana", password: "secret" };
const message = { from: "a@example.org", to: "b@example.org", content: "Subject: Hi\r\n" };

async function serving(options: Partial<NodeServerOptions> = {}): Promise<number> {
  const server = createServer({ hostname: "mx.example.org", tls, ...options });
  onTestFinished(() => server.destroy());
  return (await server.listen({ host: "127.0.0.1", port: 0 })).port;
}

async function outcome(options: ConnectOptions): Promise<unknown> {
  try {
    await using client = await connect({ host: "localhost", ...options });
    const { recipients } = await client.send(message);
    return { accepted: recipients[0]?.accepted, authorized: client.tls?.authorized };
  } catch (error) {
    if (!(error instanceof SmtpError)) throw error;
    return { kind: error.failure.kind, code: (error.cause as { code?: string } | undefined)?.code };
  }
}

describe("policies of STARTTLS", () => {
  const required = { startTls: "required" } as const;
  const cases: [string, Partial<NodeServerOptions>, ConnectOptions, unknown][] = [
    [
      "required, with a certificate from a trusted authority",
      {},
      { ...required, tls: trusted },
      { accepted: true, authorized: true },
    ],
    ["required, with nobody trusted", {}, required, { kind: "tlsFailed", code: "UNABLE_TO_VERIFY_LEAF_SIGNATURE" }],
    [
      "required, with another authority trusted",
      {},
      { ...required, tls: { ca: other.caCertificate } },
      { kind: "tlsFailed", code: "UNABLE_TO_VERIFY_LEAF_SIGNATURE" },
    ],
    [
      "required, with a certificate for another name",
      { tls: { key: other.key, cert: other.certificate } },
      { ...required, tls: { ca: other.caCertificate } },
      { kind: "tlsFailed", code: "ERR_TLS_CERT_ALTNAME_INVALID" },
    ],
    [
      "required, with that other name expected",
      { tls: { key: other.key, cert: other.certificate } },
      { ...required, tls: { ca: other.caCertificate, serverName: "mx.example.net" } },
      { accepted: true, authorized: true },
    ],
    [
      "required by default beside a password",
      { onAuthenticate: () => accept() },
      { auth },
      { kind: "tlsFailed", code: "UNABLE_TO_VERIFY_LEAF_SIGNATURE" },
    ],
    [
      "beside a password, trusted",
      { onAuthenticate: () => accept() },
      { auth, tls: trusted },
      { accepted: true, authorized: true },
    ],
    ["opportunistic, with nobody trusted", {}, { startTls: "opportunistic" }, { accepted: true, authorized: false }],
    ["opportunistic by default", {}, {}, { accepted: true, authorized: false }],
    [
      "opportunistic, but verified",
      {},
      { startTls: "opportunistic", tls: { rejectUnauthorized: true } },
      { kind: "tlsFailed", code: "UNABLE_TO_VERIFY_LEAF_SIGNATURE" },
    ],
    ["never", {}, { startTls: "never" }, { accepted: true, authorized: undefined }],
  ];

  test.each(cases)("%s", async (_, serverOptions, clientOptions, expected) => {
    expect(await outcome({ port: await serving(serverOptions), ...clientOptions })).toEqual(expected);
  });

  test("required, and not offered: nothing is sent", async () => {
    await using server = await LineServer.listen(byVerb(obliging));
    expect(await outcome({ host: "127.0.0.1", port: server.port, ...required })).toEqual({ kind: "tlsUnavailable" });
    await server.deserted();
    expect(server.heard).toEqual(["EHLO localhost", "QUIT"]);
  });

  test("a password is not sent without TLS where that is not offered", async () => {
    await using server = await LineServer.listen(byVerb({ ...obliging, EHLO: "250-mx\r\n250 AUTH PLAIN\r\n" }));
    expect(await outcome({ host: "127.0.0.1", port: server.port, auth })).toEqual({ kind: "tlsUnavailable" });
    const anyway = { host: "127.0.0.1", port: server.port, auth, startTls: "opportunistic" } as const;
    expect(await outcome(anyway)).toEqual({ kind: "authUnavailable" });
    expect(server.heard.filter((line) => line.startsWith("AUTH"))).toEqual([]);
  });

  test("a certificate is checked against the address where a client has no name", async () => {
    const port = await serving();
    expect(await outcome({ host: "127.0.0.1", port, ...required, tls: trusted })).toEqual({
      accepted: true,
      authorized: true,
    });
    const wrong = await serving({ tls: { key: other.key, cert: other.certificate } });
    expect(await outcome({ host: "127.0.0.1", port: wrong, ...required, tls: { ca: other.caCertificate } })).toEqual({
      kind: "tlsFailed",
      code: "ERR_TLS_CERT_ALTNAME_INVALID",
    });
  });

  test("with TLS from the start the certificate must be good, whatever startTls says", async () => {
    const server = createServer({ hostname: "mx.example.org", tls });
    onTestFinished(() => server.destroy());
    const { port } = await server.listen({ host: "127.0.0.1", port: 0, implicitTls: true });
    const options = { host: "localhost", port, implicitTls: true, startTls: "opportunistic" } as const;
    await expect(connect(options)).rejects.toMatchObject({ code: "UNABLE_TO_VERIFY_LEAF_SIGNATURE" });
    expect(await outcome({ ...options, tls: trusted })).toEqual({ accepted: true, authorized: true });
  });

  test("authorities that cannot be read reject", async () => {
    await expect(connect({ tls: { pair: { key: "none", cert: "none" } } })).rejects.toThrow();
  });
});

describe("injection around STARTTLS", () => {
  test("client takes no reply that came in the clear behind the 220 (CVE-2021-38371)", async () => {
    const injected = "220 Go on\r\n250-mallory.example.net\r\n250 AUTH PLAIN\r\n";
    await using server = await LineServer.listen(byVerb({ EHLO: "250-mx\r\n250 STARTTLS\r\n", STARTTLS: injected }));
    expect(await outcome({ host: "127.0.0.1", port: server.port, auth, tls: trusted })).toMatchObject({
      kind: "protocol",
    });
    await server.deserted();
  });

  test("client takes no reply that comes in the clear while the handshake is under way", async () => {
    await using server = await LineServer.listen((line, socket) => {
      if (line === undefined) return "220 mx\r\n";
      if (line.startsWith("EHLO")) return "250-mx\r\n250 STARTTLS\r\n";
      if (line === "STARTTLS") {
        setTimeout(() => socket.write("250-mallory.example.net\r\n250 AUTH PLAIN\r\n"), 5);
        return "220 Go on\r\n";
      }
    });
    const error = await outcome({ host: "127.0.0.1", port: server.port, auth, tls: trusted });
    expect(error).toMatchObject({ kind: expect.stringMatching("tlsFailed|protocol") });
    await server.deserted();
    expect(server.heard.filter((line) => line.startsWith("AUTH"))).toEqual([]);
  });

  test("server takes no command that came in the clear behind STARTTLS (CVE-2011-0411)", async () => {
    const verbs: string[] = [];
    const port = await serving({ onMail: () => void verbs.push("MAIL"), onReset: () => void verbs.push("RSET") });
    for (const pause of [0, 20]) {
      await using client = await RawClient.connect(port);
      await client.reply();
      await client.ask("EHLO c.example");
      if (pause === 0) client.send("STARTTLS\r\nRSET\r\nMAIL FROM:<mallory@example.net>\r\n");
      else {
        expect(await client.ask("STARTTLS")).toMatch("220");
        client.send("RSET\r\nMAIL FROM:<mallory@example.net>\r\n");
      }
      expect(await client.rest()).not.toMatch(/^250/m);
    }
    expect(verbs).toEqual([]);
  });

  test("server forgets under TLS who the client said it was, and asks again", async () => {
    const port = await serving({ requireTls: true });
    const trace: string[] = [];
    const options = { host: "localhost", port, startTls: "required", tls: trusted } as const;
    await using client = await connect({
      ...options,
      onTrace: ({ from, line }) => void (from === "client" && trace.push(line)),
    });
    expect((await client.send(message)).recipients[0]?.accepted).toBe(true);
    expect(trace.slice(0, 3)).toEqual(["EHLO localhost", "STARTTLS", "EHLO localhost"]);
  });

  test("a client that starts TLS and speaks at once loses nothing", async () => {
    const listener = createSocketServer().listen(0, "127.0.0.1");
    await once(listener, "listening");
    onTestFinished(() => void listener.close());
    const seen: string[] = [];
    listener.on("connection", (socket) => {
      const peer = new WirePeer(nodeTransport(socket, { tls: serverTls(tls) }));
      void (async () => {
        await peer.say("220 mx");
        await peer.line();
        await peer.say("250-mx", "250 STARTTLS");
        await peer.line();
        await peer.say("220 Go on");
        await peer.transport.startTls();
        seen.push((await peer.line()) ?? "");
        await peer.say("250 mx");
        seen.push((await peer.line()) ?? "");
        await peer.say("221 Bye");
        peer.transport.destroy();
      })();
    });
    const { port } = listener.address() as AddressInfo;
    await (await connect({ host: "localhost", port, tls: trusted })).quit();
    expect(seen).toEqual(["EHLO localhost", "QUIT"]);
  });
});
