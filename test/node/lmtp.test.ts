// LMTP clients on Node's sockets: over TCP and Unix sockets, and not to port 25.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, createPool, type Message } from "@carteiro/node";
import { describe, expect, onTestFinished, test } from "vitest";
import { LineServer, type Answer } from "../support/line-server.ts";

const message: Message = {
  from: "a@example.org",
  to: ["b@example.org", "c@example.org", "d@example.org"],
  content: "Subject: Hi\r\n",
};

/** A server that knows everybody but `c`, and whose `d` has no more room. */
function deliverer(): Answer {
  let taken: string[] = [];
  let inContent = false;
  return (line) => {
    if (line === undefined) return "220 mx.example.org LMTP\r\n";
    if (inContent && line !== ".") return undefined;
    const [verb = ""] = line.split(" ");
    inContent = verb === "DATA";
    switch (verb) {
      case "LHLO":
        return "250-mx.example.org\r\n250 PIPELINING\r\n";
      case "RCPT":
        if (line.includes("<c@")) return "550 5.1.1 No such mailbox\r\n";
        taken.push(line);
        return "250 2.1.5 OK\r\n";
      case "DATA":
        return "354 Go on\r\n";
      case ".": {
        const replies = taken.map((rcpt) => (rcpt.includes("<d@") ? "452 4.2.2 Full\r\n" : "250 2.0.0 Delivered\r\n"));
        taken = [];
        return replies.join("");
      }
      case "QUIT":
        return "221 Bye\r\n";
      default:
        return verb === "EHLO" || verb === "HELO" ? "500 5.5.1 This is LMTP\r\n" : "250 2.0.0 OK\r\n";
    }
  };
}

const outcomes = [
  { accepted: true, reply: { code: 250, lines: ["Delivered"] } },
  { accepted: false, reply: { code: 550 } },
  { accepted: false, reply: { code: 452 } },
];

describe("LMTP", () => {
  test("client tells what became of each recipient, over TCP", async () => {
    await using server = await LineServer.listen(deliverer());
    await using client = await connect({ port: server.port, host: "127.0.0.1", protocol: "lmtp" });
    const first = await client.send(message);
    expect(first).toMatchObject({ recipients: outcomes, reply: undefined });
    expect(await client.send(message)).toEqual(first);
  });

  test("client tells what became of each recipient, over a Unix socket, by a pool", async () => {
    const folder = await mkdtemp(join(tmpdir(), "carteiro-"));
    onTestFinished(() => rm(folder, { recursive: true }));
    const path = join(folder, "lmtp");
    await using _server = await LineServer.listen(deliverer(), { path });
    await using pool = createPool({ path, protocol: "lmtp", connections: 1 });
    const all = await Promise.all([pool.send(message), pool.send(message)]);
    for (const result of all) expect(result).toMatchObject({ recipients: outcomes });
  });

  test("client refuses to speak it to port 25, unless it is told to", async () => {
    const lmtp = { host: "127.0.0.1", port: 25, protocol: "lmtp" } as const;
    await expect(connect(lmtp)).rejects.toThrow(TypeError);
    await expect(connect(lmtp)).rejects.toThrow(/allowPort25/);
    expect(() => createPool(lmtp)).toThrow(TypeError);
    const aborted = AbortSignal.abort(new Error("it would have connected"));
    await expect(connect({ ...lmtp, allowPort25: true, signal: aborted })).rejects.toThrow("it would have connected");
    await expect(connect({ ...lmtp, path: "/nowhere", signal: aborted })).rejects.toThrow("it would have connected");
    await expect(connect({ ...lmtp, protocol: "smtp", signal: aborted })).rejects.toThrow("it would have connected");
  });
});
