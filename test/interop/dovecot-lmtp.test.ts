// Dovecot's LMTP as the server: a reply for each recipient that was accepted, and files in Maildirs.
// Debian 12 has Dovecot 2.3.19: it announces CHUNKING for LMTP, but neither BINARYMIME nor SMTPUTF8.

import { connect } from "@carteiro/node";
import { afterAll, beforeAll, expect, test } from "vitest";

import { corpus, shortMessage } from "./corpus.ts";
import { dovecotLmtp, fullMailbox, startDovecot, type Dovecot } from "./dovecot.ts";
import { describeWith } from "./peers.ts";
import { recipient, refusedRecipient } from "./server-contract.ts";
import { writeTlsFiles, type TlsFiles } from "./tls-files.ts";

const from = "ana@example.org";

describeWith(dovecotLmtp, (path) => {
  let server: Dovecot;
  let tls: TlsFiles;
  beforeAll(async () => {
    tls = await writeTlsFiles();
    server = await startDovecot(path, { tls });
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    tls[Symbol.dispose]();
  });

  test.each([
    ["in the clear", "never"],
    ["under STARTTLS", "required"],
  ] as const)("takes the whole corpus in one session %s, octet for octet", async (_, startTls) => {
    await using client = await connect({
      host: "127.0.0.1",
      port: server.lmtpPort,
      protocol: "lmtp",
      startTls,
      tls: { ca: tls.ca },
    });
    for (const { name, sent, expected } of corpus) {
      const { recipients } = await client.send({ from, to: recipient, content: sent });
      expect(recipients, name).toMatchObject([{ accepted: true, reply: { code: 250 } }]);
      const stored = await server.next();
      expect(stored.equals(expected), name).toBe(true);
    }
  });

  test("tells apart who was refused at once, who after the content, and who got the message", async () => {
    await using client = await connect({ host: "127.0.0.1", port: server.lmtpPort, protocol: "lmtp" });
    const to = [refusedRecipient, recipient, fullMailbox];
    const { recipients } = await client.send({ from, to, content: shortMessage.sent });
    expect(recipients).toMatchObject([
      { accepted: false, reply: { code: 550, enhanced: "5.1.1" } },
      { accepted: true, reply: { code: 250 } },
      { accepted: false, reply: { code: 552, enhanced: "5.2.2" } },
    ]);
    await server.next();
    // The session goes on.
    const again = await client.send({ from, to: recipient, content: shortMessage.sent });
    expect(again.recipients).toMatchObject([{ accepted: true }]);
    await server.next();
    expect(server.waiting()).toBe(0);
  });

  test("sends nothing where every recipient is refused", async () => {
    await using client = await connect({ host: "127.0.0.1", port: server.lmtpPort, protocol: "lmtp" });
    const sent = client.send({ from, to: refusedRecipient, content: shortMessage.sent });
    expect((await sent).recipients).toMatchObject([{ accepted: false, reply: { code: 550 } }]);
  });
});
