// Dovecot's submission as the server, under a password; it passes on to our server what ours has sent to it, so that both
// of our sides are tried at once, with content by BDAT. It is the one peer here that takes BINARYMIME.

import { xclient } from "@carteiro/core";
import { connect, reject } from "@carteiro/node";
import { expect, test } from "vitest";

import { shortMessage } from "./corpus.ts";
import { dovecotSubmission, startDovecot } from "./dovecot.ts";
import { startOwnServer, withoutReceived, type OwnServer } from "./own-server.ts";
import { describeWith } from "./peers.ts";
import {
  credentials,
  recipient,
  refusedRecipient,
  serverContract,
  type PeerServer,
  type Security,
} from "./server-contract.ts";
import { writeTlsFiles, type TlsFiles } from "./tls-files.ts";

describeWith(dovecotSubmission, (path) => {
  serverContract({
    securities: ["STARTTLS", "implicit TLS"],
    start: (security, tls) => start(path, security, tls),
    refuses: true,
    chunking: true,
  });

  test("takes BINARYMIME, and passes it on", async () => {
    using tls = await writeTlsFiles();
    await using server = await start(path, "STARTTLS", tls);
    await using client = await connect({
      host: "localhost",
      port: server.port,
      auth: credentials,
      tls: { ca: tls.ca },
      limits: { chunk: 100 },
    });
    const everyOctet = Buffer.from(Array.from({ length: 256 }, (_, octet) => octet));
    const bare = Buffer.from("\n.\n\r.\r\r\n.\r\n\0");
    const content = Buffer.concat([Buffer.from("Subject: Binary\r\n\r\n"), everyOctet, bare, everyOctet]);
    await client.send({ from: "ana@example.org", to: recipient, content, body: "BINARYMIME" });
    const arrival = await server.relay.next();
    expect(arrival.envelope.parameters.body).toBe("BINARYMIME");
    // Dovecot makes a CRLF of each bare LF on its way out, also here.
    const expected = Buffer.from(content.toString("latin1").replaceAll(/(?<!\r)\n/g, "\r\n"), "latin1");
    expect(withoutReceived(arrival.content).equals(expected)).toBe(true);
    expect(server.relay.errors).toEqual([]);
  });
});

describeWith({ ...dovecotSubmission, name: "Dovecot's submission, trusted" }, (path) => {
  test("says by XCLIENT who has logged in", async () => {
    using tls = await writeTlsFiles();
    await using relay = await startOwnServer({ extensions: [xclient], trusted: ["127.0.0.1"] });
    const more = "submission_relay_trusted = yes";
    await using server = await startDovecot(path, { tls, relayPort: relay.port, more });
    await using client = await connect({
      host: "localhost",
      hostname: "laptop.example",
      port: server.submissionPort,
      auth: credentials,
      tls: { ca: tls.ca },
    });
    await client.send({ from: "ana@example.org", to: recipient, content: shortMessage.sent });
    const { session } = await relay.next();
    expect(session.identity).toBe(credentials.user);
    expect(session.remote.address).toBe("127.0.0.1");
    // It introduces itself afterwards by its own name.
    expect(session.hello?.name).toBe("mx.example.net");
    expect(session.assumed).toMatchObject({
      login: credentials.user,
      protocol: "ESMTP",
      hello: "laptop.example",
    });
    expect(relay.errors).toEqual([]);
  });
});

/** Dovecot, and behind it our server. */
async function start(
  path: string,
  security: Security,
  tls: TlsFiles,
): Promise<PeerServer & { readonly relay: OwnServer }> {
  const relay = await startOwnServer({
    onRecipient: (step) =>
      step.recipient.address === refusedRecipient ? reject(550, "5.1.1", "No such user") : undefined,
  });
  // What it announces before it has asked.
  const more = "submission_backend_capabilities = 8BITMIME BINARYMIME CHUNKING SIZE";
  const server = await startDovecot(path, { tls, relayPort: relay.port, more });
  return {
    relay,
    port: security === "STARTTLS" ? server.submissionPort : server.submissionsPort,
    next: async () => withoutReceived((await relay.next()).content),
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await relay[Symbol.asyncDispose]();
    },
  };
}
