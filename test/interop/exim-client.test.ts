// Exim's client: what we hand to its server it passes on to ours. It pipelines, sends content by BDAT to who announces
// CHUNKING and asks for PRDR from who announces that; and it speaks LMTP.

import { eachRecipient } from "@carteiro/driver";
import { connect, reject } from "@carteiro/node";
import { expect, test } from "vitest";

import { corpus, shortMessage } from "./corpus.ts";
import { exim, startExim, type Exim } from "./exim.ts";
import { startOwnServer, withoutReceived } from "./own-server.ts";
import { describeWith } from "./peers.ts";

const from = "ana@example.org";
const to = ["caio@example.com", "duda@example.com"];

describeWith({ ...exim, name: "Exim's client" }, (path) => {
  test("sends the whole corpus octet for octet, in groups", async () => {
    await using server = await startOwnServer();
    await using relay = await startExim(path, { relayPort: server.port });
    await using client = await connectTo(relay);
    for (const { name, sent, expected } of corpus) {
      await client.send({ from, to, content: sent });
      const { envelope, content } = await server.next();
      expect(envelope.recipients, name).toHaveLength(2);
      expect(withoutReceived(content).equals(expected), name).toBe(true);
    }
    expect(server.errors).toEqual([]);
  });

  test("returns what is refused for good", async () => {
    await using server = await startOwnServer({
      onRecipient: ({ recipient }) =>
        recipient.localPart === "duda" ? reject(550, "5.1.1", "No such user") : undefined,
    });
    await using relay = await startExim(path, { relayPort: server.port });
    await using client = await connectTo(relay);
    await client.send({ from, to, content: shortMessage.sent });
    const arrivals = [await server.next(), await server.next()];
    const bounce = arrivals.find(({ envelope }) => envelope.reversePath === null)?.content.toString();
    expect(bounce).toContain("550 5.1.1 No such user");
    expect(server.errors).toEqual([]);
  });

  test("asks for SMTPUTF8 where it was asked for it, and not elsewhere", async () => {
    await using server = await startOwnServer();
    await using relay = await startExim(path, { relayPort: server.port });
    await using client = await connectTo(relay);
    for (const sender of ["jürgen@example.org", from]) {
      await client.send({ from: sender, to, content: shortMessage.sent });
      const { envelope } = await server.next();
      expect(envelope.reversePath?.address).toBe(sender);
      expect(envelope.parameters.smtputf8).toBe(sender === from ? undefined : true);
    }
    expect(server.errors).toEqual([]);
  });

  test("takes each recipient's reply for itself by LMTP", async () => {
    await using server = await startOwnServer({
      protocol: "lmtp",
      verdict: ({ envelope }) =>
        envelope.recipients.length === 2 ? eachRecipient([undefined, reject(552, "5.2.2", "Mailbox full")]) : undefined,
    });
    await using relay = await startExim(path, { relayPort: server.port, transport: ["protocol = lmtp"] });
    await using client = await connectTo(relay);
    await client.send({ from, to, content: shortMessage.sent });
    const arrivals = [await server.next(), await server.next()];
    const bounce = arrivals.find(({ envelope }) => envelope.reversePath === null)?.content.toString();
    expect(bounce).toContain("duda@example.com");
    expect(bounce).toContain("552 5.2.2 Mailbox full");
    expect(server.said.filter((line) => line.startsWith("LHLO"))).not.toEqual([]);
    expect(server.errors).toEqual([]);
  });
});

function connectTo({ port }: Exim) {
  return connect({ host: "127.0.0.1", port, startTls: "never" });
}
