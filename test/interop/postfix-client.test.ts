// Postfix's client: what we hand to its server it passes on to ours, having queued it. It pipelines; content goes by DATA,
// since it knows BDAT as a server only. It authenticates by Cyrus SASL.

import { dsn, xforward } from "@carteiro/core";
import { eachRecipient, type Reject } from "@carteiro/driver";
import { connect, reject, type Message } from "@carteiro/node";
import { expect, test } from "vitest";

import { everyLogin } from "./client-mechanism-contract.ts";
import { corpus, shortMessage } from "./corpus.ts";
import { startOwnServer, withoutReceived } from "./own-server.ts";
import { describeWith } from "./peers.ts";
import { postfix, startPostfix, type Postfix, type PostfixSettings } from "./postfix.ts";
import { credentials } from "./server-contract.ts";
import { writeTlsFiles } from "./tls-files.ts";

const from = "ana@example.org";
const to = "caio@example.com";

/** An envelope that asks for reports of one recipient and not of the other (RFC 3461). */
const withReports: Omit<Message, "content"> = {
  from,
  dsn: { ret: "HDRS", envid: "QQ+314=159" },
  to: [
    { recipient: to, notify: ["SUCCESS", "DELAY"], originalRecipient: "caio+old@example.com" },
    { recipient: "duda@example.com", notify: "NEVER" },
  ],
};

describeWith({ ...postfix, name: "Postfix's client" }, (root) => {
  /** Starts it as the client of whoever listens on the port. */
  const startFor = (port: number, settings: PostfixSettings = {}) =>
    startPostfix(root, () => ({
      relayhost: `[127.0.0.1]:${port}`,
      smtp_tls_security_level: "none",
      minimal_backoff_time: "1s",
      ...settings,
    }));

  test("sends the whole corpus octet for octet, in groups", async () => {
    await using server = await startOwnServer();
    await using relay = await startFor(server.port);
    await using client = await connectTo(relay);
    for (const { name, sent, expected } of corpus) {
      await client.send({ from, to: [to, "duda@example.com"], content: sent });
      const { envelope, content } = await server.next();
      expect(envelope.recipients).toHaveLength(2);
      expect(withoutReceived(content).equals(expected), name).toBe(true);
    }
    expect(server.said.filter((line) => line.startsWith("EHLO"))).not.toEqual([]);
    expect(server.errors).toEqual([]);
  });

  test("sends again what is refused for now, and returns what is refused for good", async () => {
    let tries = 0;
    await using server = await startOwnServer({
      onRecipient: ({ recipient }) => {
        if (recipient.localPart === "duda") return reject(550, "5.1.1", "No such user");
        if (recipient.localPart === "caio" && tries++ === 0) return reject(451, "4.3.0", "Not now");
      },
    });
    await using relay = await startFor(server.port, { queue_run_delay: "1s" });
    await using client = await connectTo(relay);
    await client.send({ from, to: [to, "duda@example.com"], content: shortMessage.sent });
    const arrivals = [await server.next(), await server.next()];
    expect(arrivals.map(({ envelope }) => envelope.reversePath === null)).toContain(true);
    const bounce = arrivals.find(({ envelope }) => envelope.reversePath === null)?.content.toString();
    expect(bounce).toContain("said: 550 5.1.1 No such user");
    expect(server.errors).toEqual([]);
  });

  test("asks for SMTPUTF8 where it was asked for it, and not elsewhere", async () => {
    await using server = await startOwnServer();
    await using relay = await startFor(server.port);
    await using client = await connectTo(relay);
    for (const sender of ["jürgen@example.org", from]) {
      await client.send({ from: sender, to, content: shortMessage.sent });
      const { envelope } = await server.next();
      expect(envelope.reversePath?.address).toBe(sender);
      expect(envelope.parameters.smtputf8).toBe(sender === from ? undefined : true);
    }
    expect(server.errors).toEqual([]);
  });

  test("says by XFORWARD where a message came from", async () => {
    await using server = await startOwnServer({ extensions: [xforward], trusted: ["127.0.0.0/8"] });
    await using relay = await startFor(server.port, { smtp_send_xforward_command: "yes" });
    await using client = await connectTo(relay);
    await client.send({ from, to, content: shortMessage.sent });
    const { envelope } = await server.next();
    const [queued] = /\w+(?=: client=localhost)/.exec(relay.log()) ?? [];
    expect(envelope.forwarded).toMatchObject({
      name: "localhost",
      address: "127.0.0.1",
      protocol: "ESMTP",
      hello: "localhost",
      identifier: queued,
    });
    expect(server.errors).toEqual([]);
  });

  test("takes each recipient's reply for itself by LMTP", async () => {
    const verdicts: Record<string, (tries: number) => Reject | undefined> = {
      caio: () => undefined,
      duda: () => reject(552, "5.2.2", "Mailbox full"),
      eva: (tries) => (tries === 1 ? reject(451, "4.3.0", "Not now") : undefined),
    };
    let tries = 0;
    await using server = await startOwnServer({
      protocol: "lmtp",
      verdict({ envelope }) {
        if (envelope.reversePath === null) return;
        tries++;
        return eachRecipient(envelope.recipients.map(({ recipient }) => verdicts[recipient.localPart]?.(tries)));
      },
    });
    const lmtp = { relayhost: "", default_transport: `lmtp:inet:[127.0.0.1]:${server.port}` };
    await using relay = await startFor(server.port, { ...lmtp, queue_run_delay: "1s" });
    await using client = await connectTo(relay);
    await client.send({ from, to: [to, "duda@example.com", "eva@example.com"], content: shortMessage.sent });
    const arrivals = [await server.next(), await server.next(), await server.next()];
    const recipients = arrivals.map(({ envelope }) => envelope.recipients.map(({ recipient }) => recipient.localPart));
    expect(recipients).toHaveLength(3);
    expect(recipients).toContainEqual(["caio", "duda", "eva"]);
    expect(recipients).toContainEqual(["eva"]);
    expect(recipients).toContainEqual(["ana"]);
    const bounce = arrivals.find(({ envelope }) => envelope.reversePath === null)?.content.toString();
    expect(bounce).toContain("said: 552 5.2.2 Mailbox full");
    expect(server.said.filter((line) => line.startsWith("LHLO"))).not.toEqual([]);
    expect(server.errors).toEqual([]);
  });

  test("passes on what reports are wanted to who announces DSN", async () => {
    await using server = await startOwnServer({ extensions: [dsn] });
    await using relay = await startFor(server.port);
    await using client = await connectTo(relay);
    await client.send({ ...withReports, content: shortMessage.sent });
    const { envelope } = await server.next();
    expect(envelope.parameters).toMatchObject({ ret: "HDRS", envid: "QQ+314=159" });
    const of = (localPart: string) => envelope.recipients.find(({ recipient }) => recipient.localPart === localPart);
    expect(of("caio")?.parameters).toMatchObject({
      notify: ["SUCCESS", "DELAY"],
      originalRecipient: { addressType: "rfc822", address: "caio+old@example.com" },
    });
    expect(of("duda")?.parameters).toMatchObject({
      notify: [],
      originalRecipient: { addressType: "rfc822", address: "duda@example.com" },
    });
    expect(server.errors).toEqual([]);
  });

  test("reports that it has relayed to who does not announce DSN", async () => {
    await using server = await startOwnServer();
    await using relay = await startFor(server.port);
    await using client = await connectTo(relay);
    await client.send({ ...withReports, content: shortMessage.sent });
    const arrivals = [await server.next(), await server.next()];
    const report = arrivals.find(({ envelope }) => envelope.reversePath === null)?.content.toString();
    expect(report).toContain("Action: relayed");
    expect(report).toContain("Original-Envelope-Id: QQ+314=159");
    expect(report).toContain("Original-Recipient: rfc822;caio+old@example.com");
    expect(report).not.toContain("duda@example.com");
  });

  test.each(["SCRAM-SHA-512", "SCRAM-SHA-256", "CRAM-MD5", "PLAIN", "LOGIN"])(
    "logs in by %s under a TLS whose certificate it verifies",
    async (mechanism) => {
      using tls = await writeTlsFiles();
      await using server = await startOwnServer(await everyLogin(tls));
      await using relay = await startFor(server.port, {
        relayhost: `[localhost]:${server.port}`,
        smtp_tls_security_level: "verify",
        smtp_tls_verify_cert_match: "hostname",
        smtp_tls_CAfile: tls.caFile,
        smtp_sasl_auth_enable: "yes",
        smtp_sasl_password_maps: `inline:{ {[localhost]:${server.port}=${credentials.user}:${credentials.password}} }`,
        smtp_sasl_tls_security_options: "noanonymous",
        smtp_sasl_mechanism_filter: mechanism,
      });
      await using client = await connectTo(relay);
      await client.send({ from, to, content: shortMessage.sent });
      const { session, content } = await server.next();
      expect(session.identity).toBe(credentials.user);
      expect(session.tls).toBeDefined();
      expect(withoutReceived(content).equals(shortMessage.expected)).toBe(true);
      expect(server.said.some((line) => line.startsWith(`AUTH ${mechanism}`))).toBe(true);
      expect(server.errors).toEqual([]);
    },
  );
});

function connectTo({ port }: Postfix) {
  return connect({ host: "127.0.0.1", port, startTls: "never" });
}
