// Certificates of clients, for EXTERNAL: asked for where the server is told to, verified, and told of octet for octet.

import { X509Certificate } from "node:crypto";
import { findCapability, type TlsInfo } from "@carteiro/core";
import { accept, connect, createServer, type ConnectOptions, type ServerTlsOptions } from "@carteiro/node";
import { describe, expect, onTestFinished, test } from "vitest";
import { alternativeNames } from "../../packages/driver/src/client-certificate.ts";
import { clientCertificates, localhostCertificates, otherCertificates } from "../support/certificates.ts";

const local = await localhostCertificates();
const client = await clientCertificates();
const other = await otherCertificates();
const pair = { key: client.key, cert: client.certificate };
const stranger = { key: other.key, cert: other.certificate };

/** A server that takes whom a certificate names, and what it has known of TLS. */
async function serving(tls: Partial<ServerTlsOptions>) {
  const known: (TlsInfo | undefined)[] = [];
  const identities: (string | undefined)[] = [];
  const failures: unknown[] = [];
  const server = createServer({
    hostname: "mx.example.org",
    tls: { key: local.key, cert: local.certificate, ...tls },
    onExternal: ({ session }) => session.tls?.clientCertificate?.names.find((name) => name.startsWith("DNS:")),
    onHello: ({ session }) => {
      known.push(session.tls);
      return accept();
    },
    onMail: ({ session }) => {
      identities.push(session.identity);
      return accept();
    },
  });
  server.on("handshakeFailed", ({ error }) => failures.push(error));
  onTestFinished(() => server.destroy());
  const { port } = await server.listen({ host: "127.0.0.1", implicitTls: true });
  const options = (with_: ConnectOptions["tls"] = {}): ConnectOptions => ({
    host: "localhost",
    port,
    implicitTls: true,
    tls: { ca: local.caCertificate, ...with_ },
  });
  return { known, identities, failures, options };
}

const asked = { clientCertificates: { ca: client.caCertificate } };

describe("a server that asks clients for certificates", () => {
  test("knows what a client has shown, and lets it in by it", async () => {
    const { known, identities, options } = await serving(asked);
    await using session = await connect({ ...options({ pair }), auth: { external: true } });
    await session.send({ from: "a@example.org", to: "b@example.org", content: "x\r\n" });
    expect(identities).toEqual(["DNS:ana.example.org"]);
    const { raw, fingerprint256 } = new X509Certificate(client.certificate);
    expect(known[0]).toMatchObject({
      authorized: true,
      clientCertificate: {
        subject: "CN=ana.example.org",
        names: ["DNS:ana.example.org"],
        fingerprint: fingerprint256.replaceAll(":", "").toLowerCase(),
        octets: Uint8Array.from(raw),
      },
    });
  });

  test("offers EXTERNAL to nobody whose certificate it could not verify, or who has none", async () => {
    const { known, options } = await serving(asked);
    for (const shown of [{ pair: stranger }, {}]) {
      await using session = await connect(options(shown));
      expect(findCapability(session.capabilities, "AUTH")).toBeUndefined();
    }
    expect(known.map((tls) => tls?.authorized)).toEqual([false, false]);
    expect(known.map((tls) => tls?.clientCertificate?.subject)).toEqual(["CN=mx.example.net", undefined]);
  });

  test("does not trust those who vouch for its own certificate to vouch for clients", async () => {
    const { known, options } = await serving({ ...asked, ca: other.caCertificate });
    await using session = await connect(options({ pair: stranger }));
    expect(known[0]?.authorized).toBe(false);
    expect(session.tls?.authorized).toBe(true);
  });

  test("turns others away in the handshake where it needs one", async () => {
    const { known, failures, options } = await serving({
      clientCertificates: { ...asked.clientCertificates, required: true },
    });
    for (const shown of [{ pair: stranger }, {}]) await expect(connect(options(shown))).rejects.toThrow();
    await expect
      .poll(() => failures.map(String))
      .toEqual(Array(2).fill("Error: The client has shown no certificate that could be verified"));
    await using session = await connect(options({ pair }));
    expect(findCapability(session.capabilities, "AUTH")).toBeDefined();
    expect(known).toHaveLength(1);
  });
});

test("a server that does not ask knows of no certificate", async () => {
  const { known, options } = await serving({});
  await using session = await connect(options({ pair }));
  expect(session.tls?.clientCertificate).toBeUndefined();
  expect(known[0]?.clientCertificate).toBeUndefined();
});

test.each([
  ["DNS:a.example", ["DNS:a.example"]],
  ["DNS:a.example, email:b@c, IP Address:192.0.2.1", ["DNS:a.example", "email:b@c", "IP Address:192.0.2.1"]],
  // A name that holds what divides names, as somebody may have got it signed (CVE-2021-44532).
  ['DNS:"good.example, DNS:evil.example", DNS:c', ['DNS:"good.example, DNS:evil.example"', "DNS:c"]],
  ['email:"a\\", DNS:evil.example", DNS:c', ['email:"a\\", DNS:evil.example"', "DNS:c"]],
])("names are divided where they end, and nowhere else: %s", (text, names) => {
  expect(alternativeNames(text)).toEqual(names);
});
