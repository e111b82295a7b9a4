// `carteiro send` from outside, as a process, against servers that say yes, no, something odd or nothing at all.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer as createSocketServer, type AddressInfo, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { accept, createServer, reject, type NodeServerOptions } from "@carteiro/node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { carteiro, startCarteiro } from "../support/carteiro.ts";
import { localhostCertificates, otherCertificates } from "../support/certificates.ts";

const scratch = mkdtempSync(join(tmpdir(), "carteiro-send-"));
const eml = join(scratch, "message.eml");
const caFile = join(scratch, "ca.pem");
const otherCaFile = join(scratch, "other-ca.pem");
const { caCertificate, certificate: cert, key } = await localhostCertificates();
const tls = { cert, key };

const cleanUps: (() => unknown)[] = [];
beforeAll(async () => {
  writeFileSync(eml, "Subject: Greetings\n\nHello!\n.\nno end of line");
  writeFileSync(caFile, caCertificate);
  writeFileSync(otherCaFile, (await otherCertificates()).caCertificate);
});
afterAll(async () => {
  await Promise.all(cleanUps.map((cleanUp) => cleanUp()));
  rmSync(scratch, { recursive: true, force: true });
});

/** What `eml` is on the wire, dots of transparency taken away. */
const asReceived = "Subject: Greetings\r\n\r\nHello!\r\n.\r\nno end of line\r\n";

interface Received {
  readonly from: string | undefined;
  readonly to: string[];
  readonly content: string;
  readonly hello: string | undefined;
  readonly secure: boolean;
  readonly identity: string | undefined;
}

/** A server that keeps what it gets. Recipients are answered as their local part says: `refuse-550-5.1.1`. */
async function server(options: Partial<NodeServerOptions> = {}, implicitTls = false) {
  const received: Received[] = [];
  const made = createServer({
    hostname: "mx.example.org",
    onRecipient: ({ recipient }) => answer(recipient.localPart),
    async onMessage({ envelope, content, session }) {
      received.push({
        from: envelope.reversePath?.address,
        to: envelope.recipients.map(({ recipient }) => recipient.address),
        content: await content.text(),
        hello: session.hello?.name,
        secure: session.tls !== undefined,
        identity: session.identity,
      });
      return accept("Queued as 4f2a");
    },
    ...options,
  });
  cleanUps.push(() => made.destroy());
  const { port } = await made.listen({ host: "127.0.0.1", implicitTls });
  return { received, to: ["--host", "127.0.0.1", "--port", String(port)] };
}

function answer(localPart: string) {
  const [verb, code, enhanced] = localPart.split("-");
  return verb === "refuse" ? reject(Number(code), enhanced, "So it is wished") : accept();
}

/** A server that does what it is told with each connection. */
async function oddServer(serve: (socket: Socket) => void): Promise<string[]> {
  const sockets = new Set<Socket>();
  const odd = createSocketServer((socket) => {
    sockets.add(socket.on("error", () => undefined));
    serve(socket);
  });
  await new Promise<void>((resolve) => odd.listen(0, "127.0.0.1", resolve));
  cleanUps.push(() => {
    odd.close();
    for (const socket of sockets) socket.destroy();
  });
  return ["--host", "127.0.0.1", "--port", String((odd.address() as AddressInfo).port)];
}

/** A server that takes everything up to the end of the content, and does something else about that than to answer. */
function untilFinalDot(act: (socket: Socket) => void): Promise<string[]> {
  return oddServer((socket) => {
    socket.write("220 mx.example.org\r\n");
    let heard = "";
    socket.on("data", (octets) => {
      heard += octets.toString("latin1");
      if (heard.endsWith("\r\n.\r\n")) act(socket);
      else if (heard.endsWith("DATA\r\n")) socket.write("354 Go on\r\n");
      else if (!heard.includes("DATA\r\n")) socket.write("250 OK\r\n");
    });
  });
}

const from = ["--from", "ana@example.org"];
const toBia = ["--to", "bia@example.net"];
const send = (...words: string[]) => carteiro(["send", ...words]);

describe.concurrent("sending", () => {
  test("a file reaches the server, and the recipient is told of on standard output", async () => {
    const { received, to } = await server();
    const outcome = await send(...to, ...from, ...toBia, eml);
    expect(outcome).toEqual({ code: 0, stdout: "accepted <bia@example.net>: 250 2.6.0 Queued as 4f2a\n", stderr: "" });
    expect(received).toMatchObject([
      { from: "ana@example.org", to: ["bia@example.net"], content: asReceived, secure: false },
    ]);
  });

  test("standard input is sent for -, and <> is nobody", async () => {
    const { received, to } = await server();
    const input = "Subject: Report\r\n\r\nLost.\r\n";
    const outcome = await carteiro(
      ["send", ...to, "--from", "<>", "--to", "Postmaster", "--hello", "pc.example", "-"],
      { input },
    );
    expect(outcome.code).toBe(0);
    expect(received).toMatchObject([{ from: undefined, to: ["Postmaster"], content: input, hello: "pc.example" }]);
  });

  test("a message is composed from its subject and text", async () => {
    const { received, to } = await server();
    expect((await send(...to, ...from, ...toBia, "--subject", "Olá", "--text", "How are you?")).code).toBe(0);
    const [message] = received;
    for (const field of [
      "From: ana@example.org",
      "To: bia@example.net",
      "Date: ",
      "Message-ID: ",
      "Subject: =?UTF-8?",
    ]) {
      expect(message?.content).toContain(`\r\n${field}`.slice(field === "From: ana@example.org" ? 2 : 0));
    }
    expect(message?.content).toContain("\r\n\r\nHow are you?\r\n");
  });

  test("large content reaches the server whole", async () => {
    const { received, to } = await server();
    const large = join(scratch, "large.eml");
    writeFileSync(large, `Subject: Large\r\n\r\n${"0123456789".repeat(7).concat("\r\n").repeat(40_000)}`);
    expect(await send(...to, ...from, ...toBia, large)).toMatchObject({ code: 0, stderr: "" });
    expect(received[0]?.content.length).toBe(18 + 72 * 40_000);
  });

  test("each refused recipient is named on standard error, and one accepted is success", async () => {
    const { received, to } = await server();
    const recipients = ["refuse-550-5.1.1@example.net", "bia@example.net", "refuse-450-4.2.1@example.net"];
    const outcome = await send(...to, ...from, ...recipients.flatMap((recipient) => ["--to", recipient]), eml);
    expect(outcome).toEqual({
      code: 0,
      stdout: "accepted <bia@example.net>: 250 2.6.0 Queued as 4f2a\n",
      stderr:
        "refused <refuse-550-5.1.1@example.net>: 550 5.1.1 So it is wished\n" +
        "refused <refuse-450-4.2.1@example.net>: 450 4.2.1 So it is wished\n",
    });
    expect(received).toMatchObject([{ to: ["bia@example.net"] }]);
  });

  test("--json tells it all in one object, and --quiet nothing", async () => {
    const { to } = await server();
    const words = [...to, ...from, ...toBia, "--to", "refuse-550-5.1.1@example.net", eml];
    const { code, stdout, stderr } = await send(...words, "--json");
    expect([code, stderr]).toEqual([0, ""]);
    expect(JSON.parse(stdout)).toMatchObject({
      exitCode: 0,
      recipients: [
        { recipient: "bia@example.net", accepted: true, code: 250, enhanced: "2.6.0", text: "Queued as 4f2a" },
        { recipient: "refuse-550-5.1.1@example.net", accepted: false, code: 550, enhanced: "5.1.1" },
      ],
      reply: { code: 250 },
    });
    expect(await send(...words, "--quiet")).toEqual({ code: 0, stdout: "", stderr: "" });
  });

  test("--trace shows the dialogue, and no password", async () => {
    const { to } = await server({ tls, authentication: {}, onAuthenticate: () => accept() });
    const outcome = await send(...to, ...from, ...toBia, "--ca", caFile, "--auth", "ana:a secret", "--trace", eml);
    expect(outcome.code).toBe(0);
    expect(outcome.stderr).toContain("C: MAIL FROM:<ana@example.org>");
    expect(outcome.stderr).toContain("S: 235 2.7.0 Authentication succeeded");
    expect(outcome.stderr).not.toContain(Buffer.from("\0ana\0a secret").toString("base64"));
  });
});

describe.concurrent("TLS and passwords", () => {
  const authentication = { required: true };
  const onAuthenticate: NodeServerOptions["onAuthenticate"] = ({ user, password }) =>
    user === "ana" && password === "a:secret" ? accept() : reject(535, "5.7.8", "No");

  test("a user is authenticated under STARTTLS or TLS from the start, once the certificate is good", async () => {
    const options = { tls, authentication, requireTls: true, onAuthenticate };
    for (const [words, implicit] of [
      [[], false],
      [["--tls", "implicit"], true],
    ] as const) {
      const { received, to } = await server(options, implicit);
      expect((await send(...to, ...from, ...toBia, "--ca", caFile, "--auth", "ana:a:secret", ...words, eml)).code).toBe(
        0,
      );
      expect(received).toMatchObject([{ secure: true, identity: "ana" }]);
    }
  });

  test("a password may come from the environment", async () => {
    const { received, to } = await server({ tls, authentication, onAuthenticate });
    const words = ["send", ...to, ...from, ...toBia, "--ca", caFile, "--auth", "ana", eml];
    expect((await carteiro(words, { environment: { CARTEIRO_PASSWORD: "a:secret" } })).code).toBe(0);
    expect(received).toMatchObject([{ identity: "ana" }]);
  });

  test("a token comes from the environment, and goes by the mechanism that is named", async () => {
    const heard: string[] = [];
    const to = await oddServer((socket) => {
      socket.write("220 mx\r\n");
      socket.on("data", (data) => {
        const line = data.toString().trimEnd();
        heard.push(line);
        const last = line.startsWith("AUTH") ? "235 OK" : line === "QUIT" ? "221 Bye" : "550 No";
        socket.write(line.startsWith("EHLO") ? "250-mx\r\n250 AUTH XOAUTH2 OAUTHBEARER\r\n" : `${last}\r\n`);
      });
    });
    const login = ["--tls", "never", "--auth", "ana", "--token", "--mechanism", "xoauth2"];
    const words = ["send", ...to, ...from, ...toBia, ...login, eml];
    await carteiro(words, { environment: { CARTEIRO_TOKEN: "t0ken" } });
    const response = Buffer.from("user=ana\x01auth=Bearer t0ken\x01\x01").toString("base64");
    expect(heard.slice(1, 2)).toEqual([`AUTH XOAUTH2 ${response}`]);
  });

  test("a mechanism that nobody knows is a mistake of the command line", async () => {
    const { to } = await server({ tls, authentication, onAuthenticate });
    const words = ["--ca", caFile, "--auth", "ana:a:secret", "--mechanism", "kerberos"];
    const { code, stderr } = await send(...to, ...from, ...toBia, ...words, eml);
    expect([code, stderr]).toEqual([64, expect.stringContaining('Mechanism "KERBEROS": It is not known.')]);
  });

  test.each([
    [
      "a wrong password",
      { tls, authentication, onAuthenticate },
      ["--ca", caFile, "--auth", "ana:guess"],
      77,
      "carteiro: The server refused the credentials: 535 5.7.8 No\n",
    ],
    [
      "a server that cannot tell for now",
      { tls, authentication, onAuthenticate: () => reject(454, "4.7.0", "Later") },
      ["--ca", caFile, "--auth", "ana:a:secret"],
      75,
      "carteiro: The server cannot authenticate anybody for now: 454 4.7.0 Later\n",
    ],
    [
      "no password where one is required",
      { authentication: { ...authentication, allowInClear: true }, onAuthenticate },
      [],
      77,
      "530 5.7.0",
    ],
    ["a password where there is no AUTH", { tls }, ["--ca", caFile, "--auth", "ana:x"], 77, "no way to authenticate"],
    ["TLS that is not offered", {}, ["--tls", "required"], 69, "TLS is required"],
    ["a password where TLS is not offered", {}, ["--auth", "ana:a:secret"], 69, "TLS is required"],
    ["an authority that nobody trusts", { tls }, ["--tls", "required"], 69, "--ca FILE says whom to trust"],
    [
      "another authority than the one to trust",
      { tls },
      ["--tls", "required", "--ca", otherCaFile],
      69,
      "TLS failed: ",
    ],
    [
      "another authority than the one to trust, also for opportunistic TLS",
      { tls },
      ["--tls", "opportunistic", "--ca", otherCaFile],
      69,
      "TLS failed: ",
    ],
    [
      "a certificate of another name",
      { tls },
      ["--tls", "required", "--ca", caFile, "--server-name", "mx.example.com"],
      69,
      "--server-name",
    ],
    ["TLS from the start on a port without", { tls }, ["--tls", "implicit", "--ca", caFile], 69, "See --tls"],
  ])("%s ends it without a message sent", async (_, options, words, expected, complaint) => {
    const { received, to } = await server(options);
    const { code, stderr } = await send(...to, ...from, ...toBia, ...words, eml);
    expect(stderr).toContain(complaint);
    expect(stderr).toMatch(/^[^\u0000-\u0009\u000b-\u001f]*\n$/);
    expect([code, received]).toEqual([expected, []]);
  });

  test("opportunistic takes what TLS there is, and never sends a password without", async () => {
    const secure = await server({ tls });
    expect((await send(...secure.to, ...from, ...toBia, eml)).code).toBe(0);
    expect(secure.received).toMatchObject([{ secure: true }]);
    const options = { authentication: { allowInClear: true }, onAuthenticate };
    const clear = await server(options);
    const words = [...clear.to, ...from, ...toBia, "--auth", "ana:a:secret"];
    expect((await send(...words, "--tls", "opportunistic", eml)).code).toBe(77);
    expect((await send(...words, "--tls", "never", eml)).code).toBe(0);
    expect(clear.received).toMatchObject([{ secure: false, identity: "ana" }]);
  });
});

describe.concurrent("the exit code", () => {
  test.each([
    ["67 where nobody exists there", ["refuse-550-5.1.1", "refuse-550-5.1.1"], 67],
    ["69 where all are refused for good", ["refuse-550-5.7.1", "refuse-550-5.1.1"], 69],
    ["75 where one may be accepted later", ["refuse-550-5.7.1", "refuse-450-4.2.1"], 75],
  ])("is %s", async (_, localParts, expected) => {
    const { to } = await server();
    const recipients = localParts.flatMap((localPart, index) => ["--to", `${localPart}@${index}.example`]);
    expect((await send(...to, ...from, ...recipients, eml)).code).toBe(expected);
  });

  test.each([
    ["65 where the content is refused for what it is", 554, "5.6.0", 65],
    ["75 where the content is refused for now", 452, "4.3.1", 75],
    ["69 where the content is refused for good", 550, "5.7.1", 69],
  ])("is %s", async (_, code, enhanced, expected) => {
    const { to } = await server({ onMessage: () => reject(code, enhanced, "No") });
    const outcome = await send(...to, ...from, ...toBia, eml);
    expect(outcome).toEqual({
      code: expected,
      stdout: "",
      stderr: `refused <bia@example.net>: ${code} ${enhanced} No\n`,
    });
  });

  test.each([
    ["69 where the server wants no mail", "554 5.3.2 No mail here\r\n", 69, "554 5.3.2 No mail here"],
    ["75 where the server wants none now", "421 4.3.2 Come again\r\n", 75, "421 4.3.2 Come again"],
    ["76 where it is no mail server", "HTTP/1.1 400 Bad Request\r\n\r\n", 76, "broke the protocol"],
  ])("is %s", async (_, greeting, expected, complaint) => {
    const to = await oddServer((socket) => socket.end(greeting));
    const { code, stderr } = await send(...to, ...from, ...toBia, eml);
    expect(stderr).toContain(complaint);
    expect(code).toBe(expected);
  });

  test("is 75 where nobody answers in time, or at all", async () => {
    const silent = await oddServer(() => undefined);
    const outcome = await send(...silent, ...from, ...toBia, "--timeout", "1", eml);
    expect(outcome).toEqual({ code: 75, stdout: "", stderr: "carteiro: The time is over\n" });
    const gone = createSocketServer();
    await new Promise<void>((resolve) => gone.listen(0, "127.0.0.1", resolve));
    const { port } = gone.address() as AddressInfo;
    await new Promise((resolve) => gone.close(resolve));
    const { code, stderr } = await send("--host", "localhost", "--port", String(port), ...from, ...toBia, eml);
    expect(stderr).toContain(`No connection to localhost port ${port}: connect ECONNREFUSED`);
    expect(code).toBe(75);
  });

  test("is 75 where the connection is lost before the answer, and says that the message may be there", async () => {
    const to = await untilFinalDot((socket) => socket.destroy());
    const { code, stderr } = await send(...to, ...from, ...toBia, eml);
    expect(stderr).toMatch(/^uncertain <bia@example\.net>: .*\ncarteiro: .* may have been accepted all the same\n$/);
    expect(stderr).not.toContain("expecting");
    expect((await send(...to, ...from, ...toBia, "--trace", eml)).stderr).toMatch(
      /all the same {2}\[\S*expecting\S*\]\n$/,
    );
    expect(code).toBe(75);
  });

  test("is 75 where the time is over before the answer, and says the same", async () => {
    const to = await untilFinalDot(() => undefined);
    const words = [...to, ...from, ...toBia, "--timeout", "2", eml];
    const [shown, told] = await Promise.all([send(...words), send(...words, "--json")]);
    expect(shown.stderr).toBe(
      "uncertain <bia@example.net>: the session ended before an answer came\n" +
        "carteiro: The time is over; the message may have been accepted all the same\n",
    );
    expect([shown.code, told.code]).toEqual([75, 75]);
    expect(JSON.parse(told.stdout)).toMatchObject({
      recipients: [{ recipient: "bia@example.net", accepted: false }],
      error: { kind: "timeout", uncertain: true, state: expect.stringContaining("expecting") },
    });
  });

  test("is 75 where the time is over while content is still awaited, and nothing can have been accepted", async () => {
    const to = await untilFinalDot(() => undefined);
    const program = startCarteiro("send", ...to, ...from, ...toBia, "--timeout", "2", "--json", "-");
    program.process.stdin.write("Subject: Never ended\r\n");
    const { code, stdout } = await program.ended;
    expect(code).toBe(75);
    expect(JSON.parse(stdout)).toMatchObject({
      recipients: [{ recipient: "bia@example.net", accepted: false }],
      error: { kind: "timeout", uncertain: false },
    });
  });

  test("is 68 where there is no host of that name", async () => {
    const { code, stderr } = await send("--host", "no-such-host.invalid", "--port", "25", ...from, ...toBia, eml);
    expect(stderr).toContain("There is no host of that name");
    expect(code).toBe(68);
  });

  test.each([
    ["66 where there is no message", [join(scratch, "none.eml")], 66, "The message cannot be read: ENOENT"],
    ["66 where the message is a folder", [scratch], 66, "The message cannot be read: EISDIR"],
    [
      "66 where there is no such authority",
      ["--ca", join(scratch, "none.pem"), eml],
      66,
      "--ca cannot be read: ENOENT",
    ],
    ["66 where no authority is in the file", ["--ca", eml, eml], 66, `--ca ${eml} holds no certificate in PEM`],
    ["64 where an address is none", ["--to", "a b@example.org", eml], 64, "a b@example.org"],
    ["64 where our own name is none", ["--hello", "not a name", eml], 64, "not a name"],
    ["64 where there is no such option", ["--relay", eml], 64, "--relay"],
  ])("is %s, and nobody is connected to", async (_, words, expected, complaint) => {
    let connections = 0;
    const to = await oddServer(() => (connections += 1));
    const { code, stdout, stderr } = await send(...to, ...from, ...toBia, ...words);
    expect(stderr).toMatch(/^carteiro: .*\n$/);
    expect(stderr).toContain(complaint);
    expect([code, stdout, connections]).toEqual([expected, "", 0]);
  });

  test("is 69 where the server does not take what the message needs", async () => {
    const { to } = await server({ limits: { messageSize: 10 } });
    const { code, stderr } = await send(...to, ...from, ...toBia, eml);
    expect(stderr).toContain("the server takes at most 10");
    expect(code).toBe(69);
  });
});
