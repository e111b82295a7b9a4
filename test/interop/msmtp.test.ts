// msmtp as the client, its password from where it reads it: a configuration file.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll } from "vitest";

import { run } from "../support/processes.ts";
import { clientContract, type Submission } from "./client-contract.ts";
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
});

function settings({ host, port, tls, caFile, auth }: Submission): string {
  const security =
    tls === "none"
      ? ["tls off"]
      : ["tls on", `tls_starttls ${tls === "starttls" ? "on" : "off"}`, `tls_trust_file ${caFile}`];
  const login = auth === undefined ? ["auth off"] : ["auth on", `user ${auth.user}`, `password "${auth.password}"`];
  return ["defaults", `host ${host}`, `port ${port}`, "timeout 20", ...security, ...login, "account default", ""].join(
    "\n",
  );
}
