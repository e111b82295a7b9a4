// Injection around STARTTLS, both ways, over real sockets: what was slipped in behind the command or behind its reply is
// never taken for something said under TLS (RFC 3207 §4.2, CVE-2011-0411, CVE-2021-38371, "NO STARTTLS").

import { once } from "node:events";
import { setImmediate } from "node:timers/promises";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { SmtpError } from "@carteiro/driver";
import { accept, connect, createServer, type ConnectOptions, type NodeServer } from "@carteiro/node";
import { afterEach, describe, expect, test } from "vitest";
import { localhostCertificates, otherCertificates } from "../support/certificates.ts";
import { codesOf, rawServer, RawSocket } from "../support/raw-peers.ts";

const certificates = await localhostCertificates();
const others = await otherCertificates();
const tls = { key: certificates.key, cert: certificates.certificate };

const open: { close: () => unknown }[] = [];
afterEach(async () => {
  for (const resource of open.splice(0)) await resource.close();
});

interface Served {
  readonly port: number;
  /** What the server was asked, in order. */
  readonly asked: string[];
  readonly server: NodeServer;
}

async function serve(options: Partial<Parameters<typeof createServer>[0]> = {}): Promise<Served> {
  const asked: string[] = [];
  const note = (what: string) => () => void asked.push(what);
  const server = createServer({
    hostname: "localhost",
    tls,
    authentication: {},
    onHello: ({ name }) => void asked.push(`hello ${name}`),
    onMail: ({ reversePath }) => void asked.push(`mail ${reversePath?.address}`),
    onRecipient: note("recipient"),
    onMessage: note("message"),
    onReset: note("reset"),
    onAuthenticate: ({ user }) => (asked.push(`authentication ${user}`), accept()),
    ...options,
  });
  const { port } = await server.listen({ host: "127.0.0.1" });
  open.push({ close: () => server.destroy() });
  return { port, asked, server };
}

describe("a server that is told to start TLS", () => {
  test.each(["RSET\r\n", "EHLO evil\r\nMAIL FROM:<evil@example.org>\r\n", "N", "\r\n"])(
    "closes at %j behind STARTTLS in one segment, and executes nothing of it",
    async (injected) => {
      const { port, asked } = await serve();
      const client = await RawSocket.connect(port);
      await client.replies(1);
      client.say("EHLO client\r\n");
      await client.replies(2);
      client.say(`STARTTLS\r\n${injected}`);
      await client.ends();
      expect(codesOf(client.heard)).toEqual([220, 250, 554]);
      expect(asked).toEqual(["hello client"]);
    },
  );

  test("takes octets in the clear during the handshake for no commands", async () => {
    const { port, asked, server } = await serve();
    const closed = new Promise((resolve) => server.on("sessionClosed", resolve));
    const client = await RawSocket.connect(port);
    await client.replies(1);
    client.say("EHLO client\r\n");
    await client.replies(2);
    client.say("STARTTLS\r\n");
    await client.replies(3);
    client.say("EHLO evil\r\nMAIL FROM:<evil@example.org>\r\n".repeat(20));
    await client.ends();
    await closed;
    expect(codesOf(client.heard)).toEqual([220, 250, 220]);
    expect(asked).toEqual(["hello client"]);
  });

  test("has forgotten under TLS who the client is, and takes mail once it has said so again", async () => {
    const { port, asked } = await serve();
    const client = await RawSocket.connect(port);
    await client.replies(1);
    client.say("EHLO client\r\n");
    await client.replies(2);
    expect(client.heard).toContain("STARTTLS");
    client.say("STARTTLS\r\n");
    await client.replies(3);
    const secured = await secure(client);
    secured.say("MAIL FROM:<a@example.org>\r\n");
    expect(await secured.replies(1)).toEqual([503]);
    secured.say("EHLO again\r\nMAIL FROM:<a@example.org>\r\nSTARTTLS\r\nQUIT\r\n");
    await secured.ends();
    expect(codesOf(secured.heard)).toEqual([503, 250, 250, 503, 221]);
    expect(secured.heard).not.toContain("STARTTLS\r\n");
    expect(asked).toEqual(["hello client", "hello again", "mail a@example.org"]);
  });
});

async function secure({ socket }: RawSocket): Promise<RawSocket> {
  socket.removeAllListeners("data");
  const secured: TLSSocket = connectTls({ socket, ca: certificates.caCertificate, servername: "localhost" });
  await once(secured, "secureConnect");
  return new RawSocket(secured);
}

const credentials = { user: "user", password: "open sesame" };
const sesame = Buffer.from("\0user\0open sesame").toString("base64");

/** A server of which the test says every word; gives all that clients have said to it in the clear, once they have gone. */
async function impostor(
  script: (peer: RawSocket) => Promise<void>,
): Promise<{ port: number; heard: () => Promise<string> }> {
  const served: Promise<string>[] = [];
  const serve = async (peer: RawSocket): Promise<string> => {
    peer.say("220 localhost ESMTP\r\n");
    await peer.hears("EHLO");
    await script(peer);
    return peer.heard;
  };
  const { port, close } = await rawServer(async (peer) => {
    served.push(serve(peer));
    await served.at(-1);
  });
  open.push({ close });
  return { port, heard: async () => (await Promise.all(served)).join("") };
}

async function failure(options: ConnectOptions): Promise<SmtpError> {
  const outcome = await connect({
    host: "127.0.0.1",
    tls: { ca: certificates.caCertificate, serverName: "localhost" },
    ...options,
  }).catch((error: unknown) => error);
  expect(outcome).toBeInstanceOf(SmtpError);
  return outcome as SmtpError;
}

describe("a client that starts TLS", () => {
  test.each(["250 injected\r\n", "250-PIPELINING\r\n250 AUTH PLAIN\r\n", "2", "\r\n"])(
    "closes at %j behind the reply to STARTTLS in one segment, and has said nothing of value",
    async (injected) => {
      const { port, heard } = await impostor(async (peer) => {
        peer.say("250-localhost\r\n250-AUTH PLAIN LOGIN\r\n250 STARTTLS\r\n");
        await peer.hears("STARTTLS");
        peer.say(`220 Go on\r\n${injected}`);
        await peer.ends();
      });
      expect((await failure({ port, auth: credentials })).failure).toMatchObject({ kind: "protocol" });
      expect(await heard()).toMatch(/^EHLO \S+\r\nSTARTTLS\r\n$/);
    },
  );

  test("takes replies in the clear during the handshake for none", async () => {
    const { port, heard } = await impostor(async (peer) => {
      peer.say("250-localhost\r\n250-AUTH PLAIN LOGIN\r\n250 STARTTLS\r\n");
      await peer.hears("STARTTLS");
      peer.say("220 Go on\r\n");
      await setImmediate();
      peer.say("250 injected\r\n".repeat(20));
      await peer.ends();
    });
    expect((await failure({ port, auth: credentials })).failure.kind).toMatch(/^(tlsFailed|protocol)$/);
    expect(await heard()).not.toContain("AUTH");
    expect(await heard()).not.toContain(sesame);
  });

  const refusals = [
    { name: "does not offer it", ehlo: "250-localhost\r\n250 AUTH PLAIN LOGIN\r\n", reply: "" },
    {
      name: "refuses it for now",
      ehlo: "250-localhost\r\n250-AUTH PLAIN LOGIN\r\n250 STARTTLS\r\n",
      reply: "454 Not now\r\n",
    },
    {
      name: "refuses it for good",
      ehlo: "250-localhost\r\n250-AUTH PLAIN LOGIN\r\n250 STARTTLS\r\n",
      reply: "502 What?\r\n",
    },
    { name: "knows no EHLO", ehlo: "502 What?\r\n250 localhost\r\n", reply: "" },
  ];

  test.each(refusals)("sends neither password nor mail to a server that $name", async ({ ehlo, reply }) => {
    const { port, heard } = await impostor(async (peer) => {
      peer.say(ehlo);
      await peer.hears(reply === "" ? "QUIT" : "STARTTLS");
      peer.say(`${reply}221 Bye\r\n`);
      await peer.ends();
    });
    expect((await failure({ port, auth: credentials })).failure).toMatchObject({ kind: "tlsUnavailable" });
    expect((await failure({ port, startTls: "required" })).failure).toMatchObject({ kind: "tlsUnavailable" });
    expect(await heard()).not.toMatch(/AUTH|MAIL|open sesame/);
    expect(await heard()).not.toContain(sesame);
  });

  test("sends its password in the clear under no policy but where that was allowed in as many words", async () => {
    for (const startTls of ["opportunistic", "never", "required"] as const) {
      const { port, heard } = await impostor(async (peer) => {
        peer.say("250-localhost\r\n250 AUTH PLAIN LOGIN\r\n");
        await peer.hears("QUIT");
        peer.say("221 Bye\r\n");
        await peer.ends();
      });
      expect((await failure({ port, auth: credentials, startTls })).failure.kind).toMatch(
        /^(authUnavailable|tlsUnavailable)$/,
      );
      // The failure is told before the farewell has been said.
      await expect.poll(heard).toMatch(/^EHLO \S+\r\nQUIT\r\n$/);
    }
  });

  test("sends no password to a server with a certificate of somebody else", async () => {
    const { port, asked } = await serve({ tls: { key: others.key, cert: others.certificate } });
    const error = await connect({
      host: "127.0.0.1",
      port,
      auth: credentials,
      tls: { ca: certificates.caCertificate, serverName: "localhost" },
    }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(Error);
    expect(asked.filter((what) => what.startsWith("authentication"))).toEqual([]);
  });

  test("sends its password once the server has proved who it is", async () => {
    const { port, asked } = await serve();
    const client = await connect({
      host: "127.0.0.1",
      port,
      hostname: "client",
      auth: credentials,
      tls: { ca: certificates.caCertificate, serverName: "localhost" },
    });
    await client.quit();
    expect(asked).toEqual(["hello client", "hello client", "authentication user"]);
  });
});
