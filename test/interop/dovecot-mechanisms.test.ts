// Dovecot's submission as the server that checks passwords, tokens and certificates.
// Debian 12 has Dovecot 2.3.19: no SCRAM-SHA-512, and no -PLUS (2.4 has them).

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

import { connect, type ConnectOptions } from "@carteiro/node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { dovecotSubmission, startDovecot, type Dovecot, type DovecotOptions } from "./dovecot.ts";
import { mechanismContract } from "./mechanism-contract.ts";
import { startOwnServer } from "./own-server.ts";
import { describeWith } from "./peers.ts";
import { credentials } from "./server-contract.ts";
import { writeClientCertificate, writeTlsFiles, type TlsFiles } from "./tls-files.ts";

describeWith(dovecotSubmission, (path) => {
  mechanismContract({
    mechanisms: ["SCRAM-SHA-256", "SCRAM-SHA-1", "CRAM-MD5", "PLAIN", "LOGIN"],
    start: (tls) => start(path, { tls, mechanisms: "plain login cram-md5 scram-sha-1 scram-sha-256" }),
  });

  describe("asking about tokens", () => {
    const goodToken = "a-good-token";
    let tls: TlsFiles;
    let issuer: Awaited<ReturnType<typeof startIssuer>>;
    let server: Awaited<ReturnType<typeof start>>;
    beforeAll(async () => {
      tls = await writeTlsFiles();
      issuer = await startIssuer(goodToken);
      server = await start(path, { tls, mechanisms: "xoauth2 oauthbearer", tokenInfoUrl: issuer.url });
    });
    afterAll(async () => {
      await server[Symbol.asyncDispose]();
      await issuer[Symbol.asyncDispose]();
      tls[Symbol.dispose]();
    });

    const open = (options: Partial<ConnectOptions>) =>
      connect({ host: "localhost", port: server.submissionPort, tls: { ca: tls.ca }, ...options });

    test.each(["OAUTHBEARER", "XOAUTH2"] as const)("lets in by %s", async (mechanism) => {
      await using client = await open({
        auth: { user: credentials.user, token: goodToken },
        mechanisms: [mechanism],
      });
      await client.noop();
    });

    test.each(["OAUTHBEARER", "XOAUTH2"] as const)("says by %s why it refuses a token", async (mechanism) => {
      const opened = open({ auth: { user: credentials.user, token: "an-old-token" }, mechanisms: [mechanism] });
      await expect(opened).rejects.toMatchObject({
        failure: {
          kind: "authRefused",
          oauthError: { status: mechanism === "XOAUTH2" ? "401" : "invalid_token" },
          reply: { code: 535 },
        },
      });
    });

    test.each(["OAUTHBEARER", "XOAUTH2"] as const)("lets in by %s with a second token", async (mechanism) => {
      const asked: (string | undefined)[] = [];
      await using client = await open({
        auth: {
          user: credentials.user,
          token: (refused) => (asked.push(refused?.status) === 1 ? "an-old-token" : goodToken),
        },
        mechanisms: [mechanism],
      });
      await client.noop();
      expect(asked).toEqual([undefined, mechanism === "XOAUTH2" ? "401" : "invalid_token"]);
    });
  });

  describe("asking for a certificate", () => {
    test("lets in by EXTERNAL whose certificate it knows, and nobody else", async () => {
      using tls = await writeTlsFiles();
      using pair = await writeClientCertificate(credentials.user);
      const more = `ssl_ca = <${pair.caFile}
ssl_require_crl = no
ssl_verify_client_cert = yes
auth_ssl_username_from_cert = yes
passdb {
  driver = static
  mechanisms = external
  args = nopassword=y
}`;
      await using server = await start(path, { tls, mechanisms: "external", more });
      const options = { host: "localhost", port: server.submissionPort, auth: { external: true } } as const;
      await using client = await connect({ ...options, tls: { ca: tls.ca, pair } });
      await client.noop();
      await expect(connect({ ...options, tls: { ca: tls.ca } })).rejects.toMatchObject({
        failure: { kind: "authRefused", reply: { code: 535 } },
      });
    });
  });
});

/** It lets nobody in whom it could not serve: there must be a server behind it. */
async function start(path: string, options: DovecotOptions): Promise<Dovecot> {
  const relay = await startOwnServer();
  const server = await startDovecot(path, { ...options, relayPort: relay.port });
  return {
    ...server,
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await relay[Symbol.asyncDispose]();
    },
  };
}

/** Tells over HTTP whom tokens are for: one is good. */
async function startIssuer(goodToken: string): Promise<{ readonly url: string } & AsyncDisposable> {
  const server = createServer((request, response) => {
    const good = request.url === `/?token=${goodToken}`;
    response.writeHead(good ? 200 : 400, { "Content-Type": "application/json" });
    response.end(JSON.stringify(good ? { user: credentials.user, active: "yes" } : { error: "invalid_token" }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/?token=`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
