// msmtp as the client, its password from where it reads it: a configuration file. It has SCRAM
// by GNU SASL, without -PLUS.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, describe } from "vitest";

import { run } from "../support/processes.ts";
import { clientContract, type Submission } from "./client-contract.ts";
import { clientMechanismContract } from "./client-mechanism-contract.ts";
import { describeWith, program } from "./peers.ts";

describeWith(program("msmtp"), (msmtp) => {
  const folder = mkdtempSync(join(tmpdir(), "carteiro-msmtp-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const configuration = join(folder, "msmtprc");

  clientContract({
    async send(submission) {
      writeFileSync(configuration, settings(submission), { mode: 0o600 });
      const { from, to, message } = submission;
      const { code, stderr } = await run(msmtp, ["-C", configuration, "-f", from, "--", ...to], {
        input: message.sent,
      });
      return { ok: code === 0, said: stderr };
    },
    partial: false,
  });

  describe("authenticating", () => {
    clientMechanismContract({
      mechanisms: ["EXTERNAL", "SCRAM-SHA-256", "SCRAM-SHA-1", "OAUTHBEARER", "XOAUTH2", "CRAM-MD5", "PLAIN", "LOGIN"],
      async submit({ mechanism, user, secret: password, certificate, file, ...rest }) {
        const account = { ...rest, host: "localhost", tls: "starttls", auth: { user, password, mechanism } } as const;
        const pair = certificate && `tls_cert_file ${certificate.certFile}\ntls_key_file ${certificate.keyFile}\n`;
        writeFileSync(configuration, settings(account) + (pair ?? ""), { mode: 0o600 });
        const words = ["-C", configuration, "-f", "ana@example.org", "--", "bia@example.net"];
        const { code, stderr } = await run(msmtp, words, { input: readFileSync(file) });
        return { ok: code === 0, said: stderr };
      },
    });
  });
});

type Account = Pick<Submission, "host" | "port" | "tls" | "caFile"> & {
  readonly auth: (Submission["auth"] & { readonly mechanism?: string }) | undefined;
};

function settings({ host, port, tls, caFile, auth }: Account): string {
  const security =
    tls === "none"
      ? ["tls off"]
      : ["tls on", `tls_starttls ${tls === "starttls" ? "on" : "off"}`, `tls_trust_file ${caFile}`];
  const login =
    auth === undefined
      ? ["auth off"]
      : [`auth ${auth.mechanism?.toLowerCase() ?? "on"}`, `user ${auth.user}`, `password "${auth.password}"`];
  return ["defaults", `host ${host}`, `port ${port}`, "timeout 20", ...security, ...login, "account default", ""].join(
    "\n",
  );
}
