// Postfix as the server: it delivers into files, and asks Cyrus SASL about passwords. Version 3.7 knows neither BINARYMIME,
// nor LIMITS, nor REQUIRETLS (3.11 does).

import { once } from "node:events";
import { connect as connectSocket } from "node:net";

import { formatProxyHeader } from "@carteiro/core";
import { connect } from "@carteiro/node";
import { expect, test } from "vitest";

import { shortMessage } from "./corpus.ts";
import { describeWith } from "./peers.ts";
import { postfixWithSasl, startPostfixWithSasl } from "./postfix-sasl.ts";
import { startPostfix } from "./postfix.ts";
import { recipient, serverContract } from "./server-contract.ts";

describeWith(postfixWithSasl, (root) => {
  serverContract({
    securities: ["in the clear", "STARTTLS", "implicit TLS"],
    start: (security, tls) =>
      security === "in the clear" ? startPostfix(root) : startPostfixWithSasl(root, security, tls),
    refuses: true,
    chunking: true,
  });

  test.each([1, 2] as const)("reads our PROXY header of version %i", async (version) => {
    const proxied = () => ({ smtpd_upstream_proxy_protocol: "haproxy" });
    await using server = await startPostfix(root, proxied);
    const header = formatProxyHeader({
      version,
      command: "proxy",
      transport: "tcp4",
      source: { address: "203.0.113.9", port: 4_711 },
      destination: { address: "192.0.2.25", port: 25 },
      tlvs: {},
    });
    const socket = connectSocket({ host: "127.0.0.1", port: server.port });
    socket.write(header);
    const [greeting] = (await once(socket, "data")) as [Buffer];
    expect(greeting.toString()).toMatch(/^220 /);
    socket.end("QUIT\r\n");
    await once(socket, "close");
    expect(server.log()).toContain("connect from unknown[203.0.113.9]");
  });

  test("refuses chunks that come to too much, and takes the next message in the same session", async () => {
    await using server = await startPostfix(root, () => ({ message_size_limit: 100_000 }));
    const said: string[] = [];
    await using client = await connect({
      host: "127.0.0.1",
      port: server.port,
      onTrace: ({ from, line }) => from === "client" && said.push(line),
    });
    const envelope = { from: "ana@example.org", to: recipient };
    const { recipients, reply } = await client.send({ ...envelope, content: blocks(1_000_000) });
    expect(recipients).toMatchObject([{ accepted: false, reply: { code: 552 } }]);
    expect(reply?.code).toBe(552);
    expect(said.filter((line) => line.startsWith("BDAT")).length).toBeGreaterThan(1);
    await client.send({ ...envelope, content: shortMessage.sent });
    expect((await server.next()).equals(shortMessage.expected)).toBe(true);
    expect(said.filter((line) => line.startsWith("EHLO"))).toHaveLength(1);
  });
});

/** A message of about so many octets, whose size nobody can tell beforehand. */
async function* blocks(octets: number): AsyncGenerator<Uint8Array> {
  const block = Buffer.from(`${"x".repeat(78)}\r\n`.repeat(100));
  for (let given = 0; given < octets; given += block.length) yield block;
}
