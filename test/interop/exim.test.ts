// Exim as the server: it delivers into files, each message with a field of its own in front. Exim 4.96 does not read the rest
// of a chunk that it refuses as too large, but closes: that a session goes on after that is tried with Postfix. As Debian
// builds it, it announces no LIMITS, and its light variant reads no PROXY headers.

import { connect } from "@carteiro/node";
import { describe, expect, test } from "vitest";

import { shortMessage } from "./corpus.ts";
import { exim, startExim } from "./exim.ts";
import { startOwnServer } from "./own-server.ts";
import { describeWith } from "./peers.ts";
import { recipient, serverContract } from "./server-contract.ts";

describeWith(exim, (path) => {
  serverContract({
    securities: ["in the clear", "STARTTLS", "implicit TLS"],
    start: (security, tls) => startExim(path, { security, tls }),
    refuses: true,
    chunking: true,
  });

  describe("with PRDR", () => {
    /** Local, and taken. */
    const taken = recipient;
    const refused = "caio@example.com";
    const settings = ["prdr_enable = true", "acl_smtp_data_prdr = each_recipient"];
    const acls = ["each_recipient:", "  deny domains = example.com", "       message = 5.2.2 mailbox full", "  accept"];

    test.each([
      ["by BDAT", true],
      ["by DATA", false],
    ])("tells what becomes of the content for each recipient, %s", async (_, chunking) => {
      await using relay = await startOwnServer();
      await using server = await startExim(path, { relayPort: relay.port, settings, acls });
      await using client = await connect({ host: "127.0.0.1", port: server.port, startTls: "never", chunking });
      const send = (...to: string[]) =>
        client.send({ from: "ana@example.org", to, content: shortMessage.sent, prdr: true });
      expect((await send(refused, taken)).recipients).toMatchObject([
        { accepted: false, reply: { code: 550, enhanced: "5.2.2", lines: ["mailbox full"] } },
        { accepted: true, reply: { code: 250 } },
      ]);
      expect((await server.next()).equals(shortMessage.expected)).toBe(true);
      // What is the same for all, or for one alone, comes as one reply.
      const alone = await send(taken);
      expect(alone.recipients).toMatchObject([{ accepted: true }]);
      await server.next();
      const none = await send(refused, "duda@example.com");
      expect(none.recipients).toMatchObject([{ accepted: false }, { accepted: false }]);
    });
  });
});
