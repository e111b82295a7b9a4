// The listeners on a disk that fails: what the client is told, what is left behind, and that the next message is taken.

import { connect } from "@carteiro/node";
import { describe, expect, test } from "vitest";

import { createListener, type ListenerOptions } from "../../packages/cli/src/listeners.ts";
import { Mailboxes } from "../../packages/cli/src/mailboxes.ts";
import { Maildir } from "../../packages/cli/src/maildir.ts";
import { SessionLog } from "../../packages/cli/src/session-log.ts";
import { Terminal } from "../../packages/cli/src/terminal.ts";
import { localhostCertificates } from "../support/certificates.ts";
import { CrashFileSystem } from "./crash-file-system.ts";

const { key, certificate } = await localhostCertificates();
const message = {
  from: "a@example.net",
  to: ["ana@example.org", "bia@example.org"],
  content: "Subject: x\r\n\r\nHello\r\n",
};

function listener(fileSystem: CrashFileSystem) {
  const lines: string[] = [];
  const stream = { write: (text: string) => void lines.push(text) };
  const terminal = new Terminal({ stream, json: true, now: () => new Date(), environment: {} });
  const options: ListenerOptions = {
    hostname: "example.org",
    mailboxes: new Mailboxes({ domains: ["example.org"], users: message.to.map((address) => ({ address })) }),
    maildir: new Maildir("/d/mail", { fileSystem }),
    certificate: { key, cert: certificate, caFile: undefined, made: false },
    maxSize: 100_000,
    maxRecipients: 10,
    idleTimeoutSeconds: 60,
    bareNewlines: "reject",
    secret: new Uint8Array(32),
    log: new SessionLog(terminal, { trace: false }),
    witness: undefined,
    wrapTransport: undefined,
  };
  return { server: createListener("relay", options), lines };
}

/** The calls of a delivery that goes well. */
async function faultlessCalls(): Promise<readonly string[]> {
  const fileSystem = new CrashFileSystem();
  const { server } = listener(fileSystem);
  const { port } = await server.listen({ host: "127.0.0.1" });
  await using client = await connect({ host: "127.0.0.1", port, startTls: "never" });
  await client.send(message);
  await server.destroy();
  return fileSystem.calls;
}

describe("a message that comes while the disk fails", () => {
  test.each([
    ["ENOSPC", 452, "4.3.1"],
    ["EDQUOT", 452, "4.3.1"],
    ["EIO", 451, "4.3.0"],
  ])("with %s at any call is answered %i %s, and nothing of it is kept", async (code, expected, enhanced) => {
    const calls = await faultlessCalls();
    for (const at of calls.keys()) {
      const fileSystem = new CrashFileSystem({ fault: { at, code } });
      const { server, lines } = listener(fileSystem);
      const { port } = await server.listen({ host: "127.0.0.1" });
      await using client = await connect({ host: "127.0.0.1", port, startTls: "never" });
      const first = await client.send(message);
      expect(first.reply, `${calls[at]} at ${at}`).toMatchObject({ code: expected, enhanced });
      expect([...fileSystem.files().keys()]).toEqual([]);
      expect(lines.join("")).toContain(
        `"type":"error","session":"1","message":"a message could not be delivered: ${code}`,
      );
      expect((await client.send(message)).reply).toMatchObject({ code: 250 });
      expect(fileSystem.files().size).toBe(2);
      await server.destroy();
    }
  });
});
