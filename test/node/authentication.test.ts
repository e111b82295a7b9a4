// Our client and our server over real TLS, by every mechanism there is; and somebody in between with a certificate that passes.

import { once } from "node:events";
import { createServer as createSocketServer, connect as connectSocket, type AddressInfo } from "node:net";
import tls, { connect as connectTls, createServer as createTlsServer, type TLSSocket } from "node:tls";
import type { MechanismName } from "@carteiro/core";
import { SmtpError } from "@carteiro/driver";
import {
  accept,
  connect,
  createPool,
  createServer,
  deriveKeys,
  memoryKeyStore,
  reject,
  type Authentication,
  type ConnectOptions,
  type NodeServerOptions,
} from "@carteiro/node";
import { describe, expect, onTestFinished, test } from "vitest";
import { clientCertificates, localhostCertificates } from "../support/certificates.ts";

const local = await localhostCertificates();
const ana = await clientCertificates();
const pair = { key: local.key, cert: local.certificate };
const password = "correct horse";
const keys = await deriveKeys(password, { iterations: 4_096, hashes: ["SHA-1", "SHA-256", "SHA-512"] });
const message = { from: "a@example.org", to: "b@example.org", content: "Subject: Hi\r\n" };

/** All that a server can be asked to check. */
const handlers: Partial<NodeServerOptions> = {
  onAuthenticate: ({ user, password: given }) =>
    user === "ana" && given === password ? accept() : reject(535, "5.7.8", "No"),
  scramKeys: ({ user, hash }) => (user === "ana" ? keys[hash] : undefined),
  cramSecret: ({ user }) => (user === "ana" ? password : undefined),
  onToken: ({ token, host, port }) =>
    token === "fresh"
      ? "ana"
      : { status: "invalid_token", scope: `${host ?? "nowhere"}:${port === undefined ? 0 : 1}` },
  onExternal: ({ session }) => (session.tls?.authorized === true ? "ana" : undefined),
  onAnonymous: () => "guest",
};

interface Serving {
  readonly port: number;
  /** As whom each message was sent. */
  readonly identities: (string | undefined)[];
}

async function serving(mechanisms: readonly MechanismName[], implicitTls = false): Promise<Serving> {
  const identities: (string | undefined)[] = [];
  const server = createServer({
    hostname: "mx.example.org",
    tls: { ...pair, clientCertificates: { ca: ana.caCertificate } },
    ...handlers,
    authentication: { mechanisms, required: true },
    async onMessage({ session, content }) {
      await content.text();
      identities.push(session.identity);
    },
  });
  onTestFinished(() => server.destroy());
  const { port } = await server.listen({ host: "127.0.0.1", port: 0, implicitTls });
  return { port, identities };
}

const trusting = { ca: local.caCertificate };
const byPassword: Authentication = { user: "ana", password };

/** Sends a message; gives the AUTH command's mechanism, or why there is no session. */
async function send(port: number, auth: Authentication, options: Partial<ConnectOptions> = {}): Promise<string> {
  const said: string[] = [];
  const onTrace: ConnectOptions["onTrace"] = ({ from, line }) => void (from === "client" && said.push(line));
  try {
    await using client = await connect({ host: "localhost", port, auth, tls: trusting, onTrace, ...options });
    const { recipients } = await client.send(message);
    const [, mechanism = "none"] = said.find((line) => line.startsWith("AUTH "))?.split(" ") ?? [];
    return recipients[0]?.accepted === true ? mechanism : "not accepted";
  } catch (error) {
    if (!(error instanceof SmtpError)) throw error;
    return error.failure.kind;
  }
}

const every: readonly (readonly [MechanismName, Authentication, identity: string])[] = [
  ["SCRAM-SHA-512-PLUS", byPassword, "ana"],
  ["SCRAM-SHA-256-PLUS", byPassword, "ana"],
  ["SCRAM-SHA-1-PLUS", byPassword, "ana"],
  ["SCRAM-SHA-512", byPassword, "ana"],
  ["SCRAM-SHA-256", byPassword, "ana"],
  ["SCRAM-SHA-1", byPassword, "ana"],
  ["CRAM-MD5", byPassword, "ana"],
  ["PLAIN", byPassword, "ana"],
  ["LOGIN", byPassword, "ana"],
  ["OAUTHBEARER", { user: "ana", token: "fresh" }, "ana"],
  ["XOAUTH2", { user: "ana", token: () => Promise.resolve("fresh") }, "ana"],
  ["EXTERNAL", { external: true }, "ana"],
  ["ANONYMOUS", { anonymous: "ana@example.org" }, "guest"],
];

describe.each([
  ["STARTTLS", false],
  ["implicit TLS", true],
])("over %s", (_, implicitTls) => {
  test.each(every)("client and server agree by %s", async (mechanism, auth, identity) => {
    const { port, identities } = await serving([mechanism], implicitTls);
    const certificate = { key: ana.key, cert: ana.certificate };
    const options = { implicitTls, mechanisms: [mechanism], tls: { ...trusting, pair: certificate } };
    expect(await send(port, auth, options)).toBe(mechanism);
    expect(identities).toEqual([identity]);
  });

  test("client uses the strongest that a store of keys offers", async () => {
    const users = memoryKeyStore({ ana: keys });
    const server = createServer({ hostname: "mx.example.org", tls: pair, authentication: { users } });
    onTestFinished(() => server.destroy());
    const { port } = await server.listen({ host: "127.0.0.1", port: 0, implicitTls });
    expect(await send(port, byPassword, { implicitTls })).toBe("SCRAM-SHA-512-PLUS");
    expect(await send(port, byPassword, { implicitTls, mechanisms: ["PLAIN"] })).toBe("PLAIN");
    expect(await send(port, { user: "ana", password: "guess" }, { implicitTls })).toBe("authRefused");
    expect(await send(port, { user: "bob", password }, { implicitTls })).toBe("authRefused");
  });
});

describe("before TLS 1.3", () => {
  test("client and server bind SCRAM to the server's certificate", async () => {
    const { DEFAULT_MAX_VERSION } = tls;
    tls.DEFAULT_MAX_VERSION = "TLSv1.2";
    onTestFinished(() => void (tls.DEFAULT_MAX_VERSION = DEFAULT_MAX_VERSION));
    const { port } = await serving(["SCRAM-SHA-256-PLUS", "SCRAM-SHA-256"], true);
    await using client = await connect({ host: "localhost", port, auth: byPassword, tls: trusting, implicitTls: true });
    expect(client.tls?.protocol).toBe("TLSv1.2");
    expect(Object.keys(client.tls?.channelBindings ?? {})).toEqual(["tls-server-end-point"]);
    expect(await send(port, byPassword, { implicitTls: true })).toBe("SCRAM-SHA-256-PLUS");
  });
});

describe("tokens", () => {
  test("client gets a fresh one on the same connection, and names the server that it talks to", async () => {
    const { port, identities } = await serving(["OAUTHBEARER"]);
    const asked: unknown[] = [];
    const token = (refused?: object) => {
      asked.push(refused);
      return refused === undefined ? "stale" : "fresh";
    };
    expect(await send(port, { user: "ana", token })).toBe("OAUTHBEARER");
    expect(identities).toEqual(["ana"]);
    expect(asked).toEqual([undefined, { status: "invalid_token", scope: "localhost:1" }]);
  });

  test("client that has none but a stale one tells the server's reasons", async () => {
    const { port } = await serving(["XOAUTH2", "OAUTHBEARER"]);
    const opening = connect({ host: "localhost", port, auth: { user: "ana", token: "stale" }, tls: trusting });
    const error: unknown = await opening.catch((reason: unknown) => reason);
    expect(error).toMatchObject({ failure: { kind: "authRefused", oauthError: { status: "invalid_token" } } });
  });

  test("each session of a pool asks for its own", async () => {
    const { port, identities } = await serving(["OAUTHBEARER"]);
    let asked = 0;
    const token = () => ((asked += 1) > 0 ? "fresh" : "");
    await using pool = createPool({
      host: "localhost",
      port,
      auth: { user: "ana", token },
      tls: trusting,
      connections: 2,
    });
    await Promise.all([pool.send(message), pool.send(message), pool.send(message), pool.send(message)]);
    expect(identities).toEqual(["ana", "ana", "ana", "ana"]);
    expect([1, 2]).toContain(asked);
  });
});

/** Somebody with a certificate that the client trusts, who opens a connection of his own to the server. */
async function between(port: number, change: (line: string) => string = (line) => line): Promise<number> {
  const listener = createTlsServer({ ...pair }, (client) => void relay(client));
  const relay = async (client: TLSSocket) => {
    const server = connectTls({ port, host: "127.0.0.1", rejectUnauthorized: false });
    await once(server, "secureConnect");
    for (const socket of [client, server]) socket.on("error", () => undefined);
    client.pipe(server);
    server.on("data", (data: Buffer) => void client.write(change(data.toString("latin1")), "latin1"));
    server.on("end", () => client.end());
    onTestFinished(() => void [client, server].map((socket) => socket.destroy()));
  };
  onTestFinished(() => void listener.close());
  await once(listener.listen(0, "127.0.0.1"), "listening");
  return (listener.address() as AddressInfo).port;
}

describe("somebody in between with a certificate that passes", () => {
  const scram = ["SCRAM-SHA-256", "SCRAM-SHA-256-PLUS"] as const;
  const implicit = { implicitTls: true } as const;

  test("hands PLAIN and SCRAM on unnoticed, and learns a password by PLAIN", async () => {
    const heard: string[] = [];
    const listen = (line: string) => {
      heard.push(line);
      return line;
    };
    const { port } = await serving(["PLAIN", ...scram], true);
    const there = await between(port, listen);
    expect(await send(there, byPassword, { ...implicit, mechanisms: ["PLAIN"] })).toBe("PLAIN");
    expect(heard.join("")).toContain("AUTH PLAIN SCRAM-SHA-256");
  });

  test("cannot hand on SCRAM that is bound to the connection", async () => {
    const { port } = await serving(scram, true);
    expect(await send(port, byPassword, implicit)).toBe("SCRAM-SHA-256-PLUS");
    expect(await send(await between(port), byPassword, implicit)).toBe("authRefused");
  });

  test("cannot take -PLUS out of the offer unnoticed", async () => {
    const { port } = await serving(scram, true);
    const stripped = await between(port, (text) => text.replace(" SCRAM-SHA-256-PLUS", ""));
    expect(await send(stripped, byPassword, implicit)).toBe("authRefused");
  });

  test("cannot let a client in that he knows nothing of", async () => {
    const { port } = await serving(scram, true);
    const welcoming = await between(port, (text) => (text.startsWith("334") ? "235 Welcome\r\n" : text));
    expect(await send(welcoming, byPassword, implicit)).toBe("authUntrusted");
  });
});

describe("without TLS", () => {
  test("client shows neither a password nor a token, and a server offers it no way to", async () => {
    const offer = "250-mx\r\n250 AUTH PLAIN LOGIN XOAUTH2 OAUTHBEARER\r\n";
    const heard: string[] = [];
    const server = createSocketServer((socket) => {
      socket.on("error", () => undefined).write("220 mx\r\n");
      socket.on("data", (data) => {
        heard.push(data.toString());
        socket.write(data.toString().startsWith("EHLO") ? offer : "221 Bye\r\n");
      });
    });
    onTestFinished(() => void server.close());
    await once(server.listen(0, "127.0.0.1"), "listening");
    const { port } = server.address() as AddressInfo;
    for (const auth of [byPassword, { user: "ana", token: "fresh" }])
      expect(await send(port, auth, { startTls: "opportunistic" })).toBe("authUnavailable");
    expect(heard.join("")).not.toContain("AUTH");
    const ours = await serving(["PLAIN", "SCRAM-SHA-256", "OAUTHBEARER"]);
    const socket = connectSocket(ours.port, "127.0.0.1");
    socket.write("EHLO a\r\nQUIT\r\n");
    let text = "";
    for await (const chunk of socket) text += String(chunk);
    expect(text).not.toMatch(/PLAIN|OAUTH/);
  });
});
