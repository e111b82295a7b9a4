// The SASL mechanisms of our server as the clients of others speak them: each logs in by what it is told to, is known by
// its name then, and does not get in with anything else.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { accept, createServer, deriveKeys, memoryKeyStore, type NodeServer } from "@carteiro/node";
import { createTransport } from "nodemailer";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { clientCertificates, localhostCertificates } from "../support/certificates.ts";
import { run } from "../support/processes.ts";
import { describeWith, program } from "./peers.ts";
import { writeTlsFiles, type TlsFiles } from "./tls-files.ts";

const password = "a secret";
const token = "a.very-long_token~of+ours/1==";

let files: TlsFiles;
let folder: string;
const servers: NodeServer[] = [];
/** Who has logged in by which mechanism, as the servers know it. */
const identities: (string | undefined)[] = [];
let byKeys: number;
let byTokens: number;

beforeAll(async () => {
  files = await writeTlsFiles();
  folder = mkdtempSync(join(tmpdir(), "carteiro-sasl-"));
  const certificates = await clientCertificates();
  writeFileSync(join(folder, "client.pem"), certificates.certificate);
  writeFileSync(join(folder, "client.key"), certificates.key, { mode: 0o600 });
  const { certificate, key } = await localhostCertificates();
  const common = {
    hostname: "mx.example.org",
    tls: { cert: certificate, key, clientCertificates: { ca: certificates.caCertificate } },
    timeouts: { authenticationDelay: 1 },
    onMail: ({ session }: { readonly session: { readonly identity: string | undefined } }) => {
      identities.push(session.identity);
      return accept();
    },
  };
  const users = memoryKeyStore({ ana: await deriveKeys(password) });
  const serve = async (server: NodeServer) => {
    servers.push(server);
    return (await server.listen({ host: "127.0.0.1" })).port;
  };
  byKeys = await serve(createServer({ ...common, authentication: { required: true, users } }));
  byTokens = await serve(
    createServer({
      ...common,
      authentication: { required: true, mechanisms: ["EXTERNAL", "OAUTHBEARER", "XOAUTH2", "CRAM-MD5", "ANONYMOUS"] },
      onToken: (given) => (given.token === token ? "ana" : { status: "invalid_token" }),
      cramSecret: ({ user }) => (user === "ana" ? password : undefined),
      onAnonymous: () => "guest",
      onExternal: ({ session }) => session.tls?.clientCertificate?.subject.split("CN=")[1]?.split(".")[0],
    }),
  );
});

afterAll(async () => {
  await Promise.all(servers.map((server) => server.destroy()));
  files[Symbol.dispose]();
  rmSync(folder, { recursive: true, force: true });
});

interface Login {
  readonly port: number;
  readonly mechanism: string;
  readonly secret: string;
}

type Submit = (login: Login) => Promise<{ readonly ok: boolean; readonly said: string }>;

/** Logs in by each mechanism, and does not with another secret. */
function logsInBy(mechanisms: readonly string[], submit: Submit): void {
  test.each(mechanisms)("logs in by %s, and not with anything else", async (mechanism) => {
    const isToken = ["OAUTHBEARER", "XOAUTH2"].includes(mechanism);
    const port = ["PLAIN", "LOGIN"].includes(mechanism) || mechanism.startsWith("SCRAM") ? byKeys : byTokens;
    identities.length = 0;
    const { ok, said } = await submit({ port, mechanism, secret: isToken ? token : password });
    expect(ok, said).toBe(true);
    const who = { EXTERNAL: "ana", ANONYMOUS: "guest" }[mechanism] ?? "ana";
    expect(identities).toEqual([who]);
    if (mechanism === "EXTERNAL" || mechanism === "ANONYMOUS") return;
    expect((await submit({ port, mechanism, secret: "another" })).ok).toBe(false);
    expect(identities).toEqual([who]);
  });
}

const message = "From: ana@example.org\r\nTo: bia@example.org\r\nSubject: Greetings\r\n\r\nHello!\r\n";

describeWith(program("msmtp"), (msmtp) => {
  logsInBy(
    // Not by EXTERNAL: msmtp 1.8.23 goes on with MAIL where an empty response is awaited.
    ["SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN", "LOGIN", "CRAM-MD5", "OAUTHBEARER", "XOAUTH2"],
    async ({ port, mechanism, secret }) => {
      const configuration = join(folder, "msmtprc");
      const lines = [
        "defaults",
        "host localhost",
        `port ${port}`,
        "timeout 20",
        "tls on",
        "tls_starttls on",
        `tls_trust_file ${files.caFile}`,
        `auth ${mechanism.toLowerCase()}`,
        "user ana",
        `password "${secret}"`,
        "account default",
        "",
      ];
      writeFileSync(configuration, lines.join("\n"), { mode: 0o600 });
      const words = ["-C", configuration, "-f", "ana@example.org", "--", "bia@example.org"];
      const { code, stderr } = await run(msmtp, words, { input: message });
      return { ok: code === 0, said: stderr };
    },
  );
});

describeWith(program("curl"), (curl) => {
  logsInBy(
    ["PLAIN", "LOGIN", "CRAM-MD5", "OAUTHBEARER", "XOAUTH2", "EXTERNAL"],
    async ({ port, mechanism, secret }) => {
      const file = join(folder, "message");
      writeFileSync(file, message);
      const isToken = ["OAUTHBEARER", "XOAUTH2"].includes(mechanism);
      const login =
        mechanism === "EXTERNAL"
          ? ["--cert", join(folder, "client.pem"), "--key", join(folder, "client.key"), "--user", "ana:"]
          : isToken
            ? ["--user", "ana:", "--oauth2-bearer", secret]
            : ["--user", `ana:${secret}`];
      const security = ["-sS", "--max-time", "20", "--ssl-reqd", "--cacert", files.caFile, ...login];
      const where = ["--login-options", `AUTH=${mechanism}`, `smtp://localhost:${port}`];
      const what = ["--mail-from", "ana@example.org", "--mail-rcpt", "bia@example.org", "--upload-file", file];
      const { code, stderr } = await run(curl, [...security, ...where, ...what]);
      return { ok: code === 0, said: stderr };
    },
  );
});

describeWith(program("swaks"), (swaks) => {
  logsInBy(["PLAIN", "LOGIN", "CRAM-MD5"], async ({ port, mechanism, secret }) => {
    const where = ["--server", "localhost", "--port", String(port), "--helo", "client.example", "--timeout", "20"];
    const security = ["--tls", "--tls-verify", "--tls-ca-path", files.caFile];
    const login = ["--auth", mechanism, "--auth-user", "ana", "--auth-password", secret];
    const what = ["--from", "ana@example.org", "--to", "bia@example.org"];
    const { code, stdout, stderr } = await run(swaks, [...where, ...security, ...login, ...what]);
    return { ok: code === 0, said: stdout + stderr };
  });
});

describe("nodemailer", () => {
  logsInBy(["PLAIN", "LOGIN", "CRAM-MD5", "XOAUTH2"], async ({ port, mechanism, secret }) => {
    const transport = createTransport({
      host: "localhost",
      port,
      requireTLS: true,
      tls: { ca: files.ca },
      authMethod: mechanism,
      auth:
        mechanism === "XOAUTH2" ? { type: "OAuth2", user: "ana", accessToken: secret } : { user: "ana", pass: secret },
    });
    try {
      await transport.sendMail({ envelope: { from: "ana@example.org", to: ["bia@example.org"] }, raw: message });
      return { ok: true, said: "" };
    } catch (error) {
      return { ok: false, said: String(error) };
    } finally {
      transport.close();
    }
  });
});
