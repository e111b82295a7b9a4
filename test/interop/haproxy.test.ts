// HAProxy in front of our server: it says by the PROXY protocol, in both versions, whose connection it passes on.

import { connect, type ConnectOptions } from "@carteiro/node";
import { expect, test } from "vitest";

import { shortMessage } from "./corpus.ts";
import { haproxy, startHaproxy } from "./haproxy.ts";
import { startOwnServer, type OwnServer } from "./own-server.ts";
import { describeWith } from "./peers.ts";
import { writeTlsFiles } from "./tls-files.ts";

const behindProxy = { proxy: { from: ["127.0.0.1"] } };
const loopback = { host: "localhost" } as const;

describeWith(haproxy, (path) => {
  test.each([
    ["version 1", 1, "send-proxy"],
    ["version 2", 2, "send-proxy-v2"],
  ] as const)("names the client by %s", async (_, version, server) => {
    await using ours = await startOwnServer({}, behindProxy);
    await using front = await startHaproxy(path, { to: ours.port, server });
    const { session } = await sendThrough(ours, { ...loopback, port: front.port });
    expect(session.local).toEqual({ address: "127.0.0.1", port: front.port });
    expect(session.remote.address).toBe("127.0.0.1");
    expect(session.proxy).toMatchObject({
      local: { address: "127.0.0.1", port: ours.port },
      header: { version, command: "proxy", transport: "tcp4", source: session.remote, destination: session.local },
    });
    expect(session.proxy?.remote.port).not.toBe(session.remote.port);
  });

  test("tells by version 2 of the TLS that it has ended", async () => {
    using tls = await writeTlsFiles();
    await using ours = await startOwnServer({}, behindProxy);
    await using front = await startHaproxy(path, {
      to: ours.port,
      bind: `ssl crt ${tls.bothFile}`,
      server: "send-proxy-v2 proxy-v2-options ssl,cert-cn,cert-key,cert-sig,ssl-cipher,authority,crc32c,unique-id",
      lines: ["unique-id-format connection-%pid-%rt"],
    });
    const { session } = await sendThrough(ours, {
      ...loopback,
      port: front.port,
      implicitTls: true,
      tls: { ca: tls.ca },
    });
    expect(session.tls).toBeUndefined();
    const tlvs = session.proxy?.header.tlvs;
    expect(tlvs).toMatchObject({
      authority: "localhost",
      ssl: {
        client: { tls: true, certificateInConnection: false, certificateInSession: false },
        verified: false,
        version: "TLSv1.3",
      },
    });
    expect(tlvs?.ssl?.cipher).toMatch(/^TLS_/);
    expect(Buffer.from(tlvs?.uniqueId ?? []).toString()).toMatch(/^connection-\d+-\d+$/);
  });

  test.each(["send-proxy", "send-proxy-v2"])(
    "passes on, by %s, TLS that begins with the connection",
    async (server) => {
      using tls = await writeTlsFiles();
      await using ours = await startOwnServer(
        { tls: { cert: tls.cert, key: tls.key } },
        { ...behindProxy, implicitTls: true },
      );
      await using front = await startHaproxy(path, { to: ours.port, server });
      const options = { ...loopback, port: front.port, implicitTls: true, tls: { ca: tls.ca } };
      const { session } = await sendThrough(ours, options);
      expect(session.tls?.serverName).toBe("localhost");
      expect(session.local.port).toBe(front.port);
    },
  );

  test("passes STARTTLS on", async () => {
    using tls = await writeTlsFiles();
    await using ours = await startOwnServer({ tls: { cert: tls.cert, key: tls.key } }, behindProxy);
    await using front = await startHaproxy(path, { to: ours.port, server: "send-proxy-v2" });
    const options = { ...loopback, port: front.port, startTls: "required", tls: { ca: tls.ca } } as const;
    const { session } = await sendThrough(ours, options);
    expect(session.tls).toBeDefined();
    expect(session.local.port).toBe(front.port);
  });

  test.each(["check-send-proxy", "check-send-proxy send-proxy-v2"])("finds us well: %s", async (server) => {
    const sessions: (string | undefined)[] = [];
    await using ours = await startOwnServer(
      { onHello: ({ session, name }) => void sessions.push(name, session.proxy?.header.command) },
      behindProxy,
    );
    await using front = await startHaproxy(path, {
      to: ours.port,
      server: `check inter 100 ${server} ${server.includes("v2") ? "" : "send-proxy"}`,
      lines: ["option smtpchk EHLO probe.example", "option log-health-checks"],
    });
    await front.said("succeeded");
    expect(sessions[0]).toBe("probe.example");
    if (server.includes("v2")) expect(sessions[1]).toBe("local");
    expect(ours.errors).toEqual([]);
  });

  test("is not taken for a proxy where it is none of ours", async () => {
    await using ours = await startOwnServer({}, { proxy: { from: ["192.0.2.0/24"] } });
    await using front = await startHaproxy(path, { to: ours.port, server: "send-proxy" });
    await expect(connect({ ...loopback, port: front.port })).rejects.toThrow();
    expect(ours.told).toEqual([]);
  });
});

/** Sends a message, and tells what our server knows of its session. */
async function sendThrough(ours: OwnServer, options: ConnectOptions) {
  await using client = await connect({ startTls: "never", ...options });
  await client.send({ from: "ana@example.org", to: "bia@example.net", content: shortMessage.sent });
  const arrival = await ours.next();
  expect(arrival.content.equals(shortMessage.expected)).toBe(true);
  expect(ours.errors).toEqual([]);
  return arrival;
}
