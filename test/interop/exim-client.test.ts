// Exim's client: what we hand to its server it passes on to ours. It pipelines, sends content by BDAT to who announces
// CHUNKING and asks for PRDR from who announces that; and it speaks LMTP.

import { prdr } from "@carteiro/core";
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
  test.each([
    ["by BDAT", "BDAT", true],
    ["by DATA", "DATA", false],
  ])("sends the whole corpus octet for octet, in groups, %s", async (_, verb, chunking) => {
    await using server = await startOwnServer({ chunking });
    await using relay = await startExim(path, { relayPort: server.port });
    await using client = await connectTo(relay);
    for (const { name, sent, expected } of corpus) {
      await client.send({ from, to, content: sent });
      const { envelope, content } = await server.next();
      expect(envelope.recipients, name).toHaveLength(2);
      expect(withoutReceived(content).equals(expected), name).toBe(true);
    }
    const verbs = server.said.map((line) => line.split(" ")[0]).filter((word) => word === "BDAT" || word === "DATA");
    expect(new Set(verbs)).toEqual(new Set([verb]));
    expect(server.errors).toEqual([]);
  });

  test("is told by chunks that content is too large, and what of it", async () => {
    await using server = await startOwnServer({ limits: { messageSize: 100_000 } });
    // Exim looks at SIZE: it is told of the limit by the reply alone.
    await using relay = await startExim(path, { relayPort: server.port, transport: ["size_addition = -1"] });
    await using client = await connectTo(relay);
    await client.send({ from, to, content: `Subject: Large\r\n\r\n${"x".repeat(70)}\r\n`.padEnd(200_000, "y") });
    const { envelope, content } = await server.next();
    expect(envelope.reversePath).toBe(null);
    expect(content.toString()).toContain("552 5.3.4");
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

  test.each([
    ["by BDAT", true],
    ["by DATA", false],
  ])("takes each recipient's reply for itself by PRDR, %s", async (_, chunking) => {
    await using server = await startOwnServer({
      chunking,
      extensions: [prdr],
      verdict: ({ envelope }) =>
        envelope.recipients.length === 2 ? eachRecipient([undefined, reject(552, "5.2.2", "Mailbox full")]) : undefined,
    });
    await using relay = await startExim(path, { relayPort: server.port });
    await using client = await connectTo(relay);
    await client.send({ from, to, content: shortMessage.sent });
    const arrivals = [await server.next(), await server.next()];
    expect(arrivals[0]?.envelope.parameters.prdr).toBe(true);
    const bounce = arrivals[1];
    expect(bounce?.envelope.reversePath).toBe(null);
    expect(bounce?.content.toString()).toContain("duda@example.com");
    expect(bounce?.content.toString()).not.toContain("caio@example.com");
    expect(bounce?.content.toString()).toContain("552 5.2.2 Mailbox full");
    expect(server.told.filter((line) => line.startsWith("353"))).toHaveLength(1);
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
