// What SCRAM is bound to (RFC 9266, RFC 5929 §4.1): the same on both sides of a connection, and another on every other.

import { createHash, X509Certificate } from "node:crypto";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { connect as connectTls, createServer as createTlsServer } from "node:tls";
import type { TlsInfo } from "@carteiro/core";
import { accept, connect, createServer, type ConnectOptions, type NodeServerOptions } from "@carteiro/node";
import { describe, expect, onTestFinished, test } from "vitest";
import { serverEndPoint } from "../../packages/node/src/server-end-point.ts";
import { localhostCertificates, otherCertificates } from "../support/certificates.ts";

const local = await localhostCertificates();
const other = await otherCertificates();
const pair = { key: local.key, cert: local.certificate };
const otherPair = { key: other.key, cert: other.certificate };
const hashOf = (certificate: string) => createHash("sha256").update(new X509Certificate(certificate).raw).digest("hex");
const hex = (octets: Uint8Array | undefined) => octets && Buffer.from(octets).toString("hex");

/** A server, and what it knows of TLS on each connection. */
async function serving(options: Partial<NodeServerOptions> & { implicitTls?: boolean } = {}) {
  const known: (TlsInfo | undefined)[] = [];
  const { implicitTls = false, ...rest } = options;
  const server = createServer({
    hostname: "mx.example.org",
    tls: pair,
    onHello: ({ session }) => {
      if (session.tls !== undefined) known.push(session.tls);
      return accept();
    },
    ...rest,
  });
  onTestFinished(() => server.destroy());
  const { port } = await server.listen({ host: "127.0.0.1", port: 0, implicitTls });
  return { port, known };
}

async function bindingsOfClient(options: ConnectOptions) {
  await using client = await connect({ host: "localhost", tls: { ca: local.caCertificate }, ...options });
  return client.tls?.channelBindings;
}

describe("tls-exporter", () => {
  test.each([
    ["STARTTLS", { startTls: "required" } as const, false],
    ["implicit TLS", { implicitTls: true }, true],
  ])("is the same on both sides of a connection with %s, and another on the next", async (_, options, implicitTls) => {
    const { port, known } = await serving({ implicitTls });
    const clients = [await bindingsOfClient({ port, ...options }), await bindingsOfClient({ port, ...options })];
    const [first, second] = clients.map((bindings) => hex(bindings?.["tls-exporter"]));
    expect(first).toHaveLength(64);
    expect(second).not.toBe(first);
    expect(known.map((tls) => hex(tls?.channelBindings?.["tls-exporter"]))).toEqual([first, second]);
  });

  test("is what anybody else exports by RFC 9266", async () => {
    const { port, known } = await serving({ implicitTls: true });
    const socket = connectTls({ port, host: "127.0.0.1", ca: local.caCertificate, servername: "localhost" });
    await once(socket, "secureConnect");
    const exported = socket.exportKeyingMaterial(32, "EXPORTER-Channel-Binding", Buffer.alloc(0)).toString("hex");
    socket.write("EHLO a.example\r\nQUIT\r\n");
    await once(socket.resume(), "close");
    expect(known.map((tls) => hex(tls?.channelBindings?.["tls-exporter"]))).toEqual([exported]);
  });

  test("is not to be had before TLS 1.3, where the certificate takes its place", async () => {
    const server = createTlsServer({ ...pair, maxVersion: "TLSv1.2" }, (socket) => {
      socket.on("error", () => undefined).write("220 mx\r\n");
      socket.on("data", (data) => socket.write(data.toString().startsWith("EHLO") ? "250 mx\r\n" : "221 Bye\r\n"));
    });
    onTestFinished(() => void server.close());
    await once(server.listen(0, "127.0.0.1"), "listening");
    const { port } = server.address() as AddressInfo;
    const bindings = await bindingsOfClient({ port, implicitTls: true });
    expect(Object.keys(bindings ?? {})).toEqual(["tls-server-end-point"]);
    expect(hex(bindings?.["tls-server-end-point"])).toBe(hashOf(local.certificate));
  });
});

describe("tls-server-end-point", () => {
  test("is the hash of the server's certificate, of the one that SNI chose", async () => {
    const sni = (name: string) => (name === "mx.example.net" ? otherPair : undefined);
    const { port, known } = await serving({ tls: { ...pair, sni } });
    const startTls = "required";
    await bindingsOfClient({ port, startTls });
    await bindingsOfClient({ port, startTls, tls: { ca: other.caCertificate, serverName: "mx.example.net" } });
    await bindingsOfClient({ port, startTls });
    const told = known.map((tls) => hex(tls?.channelBindings?.["tls-server-end-point"]));
    const [own, chosen] = [hashOf(local.certificate), hashOf(other.certificate)];
    expect(told).toEqual([own, chosen, own]);
  });

  const certificates: readonly (readonly [signature: string, hash: string | undefined, der: string])[] = [
    [
      "ecdsa-with-SHA1",
      "sha256",
      "MIIBbjCCARSgAwIBAgIUL1SBeOc30XmZ5Vo/9mVj7ygqxFUwCQYHKoZIzj0EATAMMQowCAYDVQQDDAFhMCAXDTI2MTEyMjAwMzQ0MFoYDzIxMjYxMDI5MDAzNDQwWjAMMQowCAYDVQQDDAFhMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEjOx22EzLz9Pu45ynTV/nFkRXPCr/N5HflwqNiJD1l55il4YPRQd2cTTcNcxRBaVVY3K4+G4ucBH3NSs2Jcwc1qNTMFEwHQYDVR0OBBYEFBfTyS2r1HdY8uQPhTCvnSv3X2gaMB8GA1UdIwQYMBaAFBfTyS2r1HdY8uQPhTCvnSv3X2gaMA8GA1UdEwEB/wQFMAMBAf8wCQYHKoZIzj0EAQNJADBGAiEAygMkK/zhr1E8jxFGuu7RvKc6U2JHWm8qg4uTcsHv1pICIQCWny7K71PrG3zSUaaYdAN6nb7N3S4+9pPAhiaTIqOPww==",
    ],
    [
      "ecdsa-with-SHA384",
      "sha384",
      "MIIBbzCCARWgAwIBAgIUGhCMaGbChC76zDasLvfnHFNDHAEwCgYIKoZIzj0EAwMwDDEKMAgGA1UEAwwBYTAgFw0yNjExMjIwMDM0NDBaGA8yMTI2MTAyOTAwMzQ0MFowDDEKMAgGA1UEAwwBYTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABEBQyYkq0jMyve6qANGAAjSTUSY5Z8E+DUtTLHAitu5SHfDHUBFwsaKs7Rx7RW0xRj/uoTSOi4d4ivuyuQTZVz2jUzBRMB0GA1UdDgQWBBQsxVgMwwfzPgSPbZvMU3rypFFlDDAfBgNVHSMEGDAWgBQsxVgMwwfzPgSPbZvMU3rypFFlDDAPBgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMDA0gAMEUCIFOseHga/n8ihRHEbyQlYVPiDPzYd5/SdO6ztdjSfov3AiEA6QK+qGt9KOtOecQpNdsfEk7jDcKp7QHPsRzq61RqKWQ=",
    ],
    [
      "ecdsa-with-SHA512",
      "sha512",
      "MIIBcDCCARWgAwIBAgIUZs+Hdb/yq7V2Disp1/eUfGFhSpIwCgYIKoZIzj0EAwQwDDEKMAgGA1UEAwwBYTAgFw0yNjExMjIwMDM0NDBaGA8yMTI2MTAyOTAwMzQ0MFowDDEKMAgGA1UEAwwBYTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABDKB6sGH/tsvYopMS74R0MxaUzgziJBnD/RodK3nHsuEAvGt1cgjkqtj06Dk2neGFBaAMR8q+U0ut1klPmKaE/ijUzBRMB0GA1UdDgQWBBTNAq+eSxzTMeLsmYuzWp98RI+jYDAfBgNVHSMEGDAWgBTNAq+eSxzTMeLsmYuzWp98RI+jYDAPBgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMEA0kAMEYCIQCsyjVc8IXQMeXL1kkyjnjS6nzOnXuo2ZaaQW6BORZJqgIhAM+aXf/KdOlWy4zCAlrMtYNnXlBEM9Ueu8SgBlJ+dnlR",
    ],
    [
      "rsassaPss",
      "sha384",
      "MIICXjCCAZOgAwIBAgIUX+FoIZ571wk6+kyJJKxdgms/ANwwQQYJKoZIhvcNAQEKMDSgDzANBglghkgBZQMEAgIFAKEcMBoGCSqGSIb3DQEBCDANBglghkgBZQMEAgIFAKIDAgEwMAwxCjAIBgNVBAMMAWEwIBcNMjYxMTIyMDAzNDQxWhgPMjEyNjEwMjkwMDM0NDFaMAwxCjAIBgNVBAMMAWEwgZ8wDQYJKoZIhvcNAQEBBQADgY0AMIGJAoGBAMvOUSv2FyX8kfWHSsIjGOpap2cpUgBXK+r8Dk/Vr7tpm+tg7waNFIruCUzcjYlCcDyvX+YB2V31FUUNw6AaPZEe/ofnCwFnCS3CCinPjk3CobgMYdiKCtQua0Ely5/6gQKTConf5PB9n/2xHsvNxGi4HaWJuf7gfGn7jgh1rmodAgMBAAGjUzBRMB0GA1UdDgQWBBQmPjsZfQO2SxBs/sWnr2T0YuvanzAfBgNVHSMEGDAWgBQmPjsZfQO2SxBs/sWnr2T0YuvanzAPBgNVHRMBAf8EBTADAQH/MEEGCSqGSIb3DQEBCjA0oA8wDQYJYIZIAWUDBAICBQChHDAaBgkqhkiG9w0BAQgwDQYJYIZIAWUDBAICBQCiAwIBMAOBgQBGVifWc5csDkq/NjX+T5H8f5c4eSJf6LkyRLkJ0gzK65hhBQWsIqtZq/T3XEweW9Lh8wxWltSFpYr3jt8jr8QCVcpZ1+jNwMTrGGSuDHLSagpySONU5dbJEV6EEPbLhlU5i3qVilUlAoLTae7bF+TXMXs+DblO5Az59vjpaNXxeg==",
    ],
    [
      "md5WithRSAEncryption",
      "sha256",
      "MIIB9jCCAV+gAwIBAgIUPyLxzHj5rLVx9oCEcq0US8MgaKMwDQYJKoZIhvcNAQEEBQAwDDEKMAgGA1UEAwwBYTAgFw0yNjExMjIwMDM0NDFaGA8yMTI2MTAyOTAwMzQ0MVowDDEKMAgGA1UEAwwBYTCBnzANBgkqhkiG9w0BAQEFAAOBjQAwgYkCgYEAtZTR1h2gCw2feXnLHHpcaBmwYTsn8SbY8/ANcSJAElgdBA8HA7ui5T9eU7T3CAFH/N4VK17m4YJ4K5kTUR9Y+9+9f3u8FqmGJps3s1HAuE/QewLZ0uU2TTh5njCCO54PjGdZP/PeLjvnUq8Ak/nWfB3RbXg+ExgmD9dv9wDHTgsCAwEAAaNTMFEwHQYDVR0OBBYEFDqubzRDCkRLi8aGyWNrGVK/Vn1NMB8GA1UdIwQYMBaAFDqubzRDCkRLi8aGyWNrGVK/Vn1NMA8GA1UdEwEB/wQFMAMBAf8wDQYJKoZIhvcNAQEEBQADgYEArweJZYg7ezXVPgTpAFlQyd+ry6gZrJQHrThq2+hxJH64BMFpS1rYTYXJ7PBbsDk5VZzDrHn1A/BHxyzApkKPAG5YDXtVtIjFQhQzgZ+mcZHnvPXBZIbXQggUctlezgDMMf6nONoqMpjyuemX8jhZU1xgGEHUKxcyhB8iSOQ9/44=",
    ],
    [
      "sha224WithRSAEncryption",
      "sha224",
      "MIIB9jCCAV+gAwIBAgIUDxvxRl/3VZu0gjhRxGT0aefRkTgwDQYJKoZIhvcNAQEOBQAwDDEKMAgGA1UEAwwBYTAgFw0yNjExMjIwMDM0NDFaGA8yMTI2MTAyOTAwMzQ0MVowDDEKMAgGA1UEAwwBYTCBnzANBgkqhkiG9w0BAQEFAAOBjQAwgYkCgYEAplYNPZw9yJJVWcRkACdcB8gIH/DeXm/HcSEjh3MXQ+b84zTAiDosX+UP4Tamc2WCEnpIb16XskWhlWFugdmq6kFL+o99i2UW3UfXfmMNv8etq0gJzDhm+NkCRQ+TK9CGBXlvXRxa/JKSu/CdYf2imp+noyTS59crS7XKhSfSCw0CAwEAAaNTMFEwHQYDVR0OBBYEFG0DhVXy1qdIPzFrHB6SuQrDYsvdMB8GA1UdIwQYMBaAFG0DhVXy1qdIPzFrHB6SuQrDYsvdMA8GA1UdEwEB/wQFMAMBAf8wDQYJKoZIhvcNAQEOBQADgYEAZumMmD0iOep3+ecINSq7nz+0qmlPGndZ66uTnUzSbo4/kMOLY6IECygxNpnXgm6aI9+MZlHPsSN2vtDx4FRvZ6ZUElO04hAwTbJu+IVFAxvdUkycSfvNo+Z8I+BScbiWR4D7d5OdfLpRH1suKJBqK7pStJ7OJi8hxiC50UH0szU=",
    ],
    [
      "ED25519",
      undefined,
      "MIIBLjCB4aADAgECAhQ1gjh65PpSZ2vO3TU5fMA1IANtrDAFBgMrZXAwDDEKMAgGA1UEAwwBYTAgFw0yNjExMjIwMDM0NDFaGA8yMTI2MTAyOTAwMzQ0MVowDDEKMAgGA1UEAwwBYTAqMAUGAytlcAMhAGEQFFCrJ7tACvKAD7ZcN0X47ZrcRTU7qiZMV81QLxd4o1MwUTAdBgNVHQ4EFgQULJN5Qc4NeGExZG7qkRnep6rB//UwHwYDVR0jBBgwFoAULJN5Qc4NeGExZG7qkRnep6rB//UwDwYDVR0TAQH/BAUwAwEB/zAFBgMrZXADQQAbAcM7cl4JJ4RJlR8igTxsMJnqQrgqpcRiSy0zM41F8ziHFOFBsMI0jzov/3l40Sd6QGADaYrkc3RnmsSxTRcL",
    ],
  ];

  test.each(certificates)(
    "takes the hash function of the signature %s, but none that is broken: %s",
    (_, hash, der) => {
      const octets = Buffer.from(der, "base64");
      const expected = hash === undefined ? undefined : createHash(hash).update(octets).digest("hex");
      expect(hex(serverEndPoint(octets))).toBe(expected);
    },
  );

  test("is none of what is no certificate", () => {
    for (const octets of [[], [0x30], [0x30, 0x80], [0x30, 0x84, 0xff, 0xff, 0xff, 0xff, 0], [0x30, 2, 0x30, 0]])
      expect(serverEndPoint(Uint8Array.from(octets))).toBeUndefined();
  });
});
