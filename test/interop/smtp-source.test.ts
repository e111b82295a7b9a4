// Postfix's smtp-source as the client: many messages at once, one command at a time (it knows no PIPELINING), by SMTP or LMTP.

import { expect, test } from "vitest";

import { startOwnServer } from "./own-server.ts";
import { describeWith } from "./peers.ts";
import { postfixPart, startPostfixTool } from "./postfix.ts";

describeWith(postfixPart("smtp-source", "usr/sbin/smtp-source"), (root) => {
  test.each([
    ["SMTP, a session each", "smtp", []],
    ["SMTP, in few sessions", "smtp", ["-d"]],
    ["LMTP, a session each", "lmtp", ["-L"]],
    ["LMTP, in few sessions", "lmtp", ["-L", "-d"]],
  ] as const)("sends 50 messages to 3 recipients each by %s", async (_, protocol, flags) => {
    await using server = await startOwnServer({ protocol });
    const what = ["-s", "5", "-m", "50", "-r", "3", "-l", "5000", ...flags];
    const words = [...what, "-f", "ana@example.org", "-t", "bia@example.net", `inet:127.0.0.1:${server.port}`];
    await using program = startPostfixTool(root, "smtp-source", words);
    const { code, stderr } = await program.ended;
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    for (let message = 0; message < 50; message++) {
      const { envelope, content } = await server.next();
      expect(envelope.recipients).toHaveLength(3);
      expect(content.length).toBeGreaterThanOrEqual(5_000);
    }
    expect(server.errors).toEqual([]);
  });
});
