// Postfix's smtp-sink as the server. It writes each message to a file, with fields of its own in front and LF for CRLF; and it
// can refuse, or leave out, what it is told to.

import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { connect } from "@carteiro/node";
import { expect, test } from "vitest";

import { carteiro } from "../support/carteiro.ts";
import { CorpusFiles, corpus, shortMessage } from "./corpus.ts";
import { freePort, whenListening } from "./free-port.ts";
import { describeWith } from "./peers.ts";
import { postfixPart, startPostfixTool } from "./postfix.ts";
import { recipient, serverContract, type PeerServer } from "./server-contract.ts";

describeWith(postfixPart("smtp-sink", "usr/sbin/smtp-sink"), (root) => {
  serverContract({ securities: ["in the clear"], start: () => start(root), refuses: false });

  test.each([
    ["without PIPELINING", ["-p"]],
    ["without ESMTP", ["-e"]],
    ["without 8BITMIME", ["-8"]],
    ["without enhanced codes", ["-E"]],
  ])("takes the whole corpus %s", async (_, flags) => {
    await using server = await start(root, ...flags);
    await using client = await connect({ host: "127.0.0.1", port: server.port });
    for (const { name, sent, expected } of corpus) {
      const { recipients } = await client.send({
        from: "ana@example.org",
        to: [recipient, "caio@example.net"],
        content: sent,
      });
      expect(
        recipients.map(({ accepted }) => accepted),
        name,
      ).toEqual([true, true]);
      expect((await server.next()).equals(expected), name).toBe(true);
    }
  });

  test.each([
    ["at its greeting for good", ["-f", "connect"], 69],
    ["at its greeting for now", ["-r", "connect"], 75],
    ["the sender for good", ["-f", "mail"], 69],
    ["the sender for now", ["-r", "mail"], 75],
    ["each recipient for good", ["-f", "rcpt"], 69],
    ["the start of the content for now", ["-r", "data"], 75],
    ["the content for good", ["-f", "."], 69],
    ["the content for now", ["-r", "."], 75],
    ["to go on at MAIL", ["-q", "mail"], 75],
    ["to go on at the content", ["-q", "."], 75],
  ])("refuses %s, and the exit code tells", async (_, flags, expected) => {
    await using server = await start(root, ...flags);
    using files = new CorpusFiles();
    const words = [
      "--host",
      "127.0.0.1",
      "--port",
      String(server.port),
      "--from",
      "ana@example.org",
      "--to",
      recipient,
    ];
    const { code, stdout, stderr } = await carteiro(["send", ...words, files.of(shortMessage)]);
    expect(stderr).not.toBe("");
    expect([code, stdout]).toEqual([expected, ""]);
  });
});

async function start(root: string, ...flags: string[]): Promise<PeerServer> {
  const folder = mkdtempSync(join(tmpdir(), "carteiro-sink-"));
  chmodSync(folder, 0o777);
  const port = await freePort();
  // It does not run as root.
  const user = process.getuid?.() === 0 ? ["-u", "nobody"] : [];
  const words = [...user, ...flags, "-d", join(folder, "message."), `127.0.0.1:${port}`, "64"];
  const program = startPostfixTool(root, "smtp-sink", words);
  await whenListening(port, program.ended);
  return {
    port,
    async next() {
      const [name = ""] = readdirSync(folder);
      const dumped = readFileSync(join(folder, name), "latin1");
      rmSync(join(folder, name));
      return contentOf(dumped);
    },
    async [Symbol.asyncDispose]() {
      await program[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** What was sent: after the sink's own fields, without the empty line that it adds. */
function contentOf(dumped: string): Buffer {
  const own = /^(?:X-[^\n]*\n)*Received: [^\n]*\n(?:\t[^\n]*\n)*/.exec(dumped)?.[0] ?? "";
  const content = dumped.slice(own.length, -1);
  return Buffer.from(content.replaceAll("\n", "\r\n"), "latin1");
}
