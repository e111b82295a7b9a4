// curl as the client, and with it what `npm start` tells a newcomer to type. Debian's curl is built without
// SCRAM, and takes OAUTHBEARER where XOAUTH2 is offered as well.

import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { describe, expect, test } from "vitest";

import { startCarteiro, storedMessage } from "../support/carteiro.ts";
import { run } from "../support/processes.ts";
import { clientContract, type Submission } from "./client-contract.ts";
import { clientMechanismContract } from "./client-mechanism-contract.ts";
import { describeWith, program } from "./peers.ts";

describeWith(program("curl"), (curl) => {
  clientContract({
    async send(submission) {
      const { code, stderr } = await run(curl, words(submission));
      return { ok: code === 0, said: stderr };
    },
    partial: true,
  });

  describe("authenticating", () => {
    clientMechanismContract({
      mechanisms: ["EXTERNAL", "OAUTHBEARER", "CRAM-MD5", "PLAIN", "LOGIN"],
      async submit({ mechanism, user, secret, certificate, ...rest }) {
        const byToken = mechanism === "OAUTHBEARER" || mechanism === "XOAUTH2";
        const login = byToken
          ? ["--user", `${user}:`, "--oauth2-bearer", secret]
          : ["--user", `${user}:${mechanism === "EXTERNAL" ? "" : secret}`];
        const pair = certificate && ["--cert", certificate.certFile, "--key", certificate.keyFile];
        const envelope = { from: "ana@example.org", to: ["bia@example.net"], host: "localhost", auth: undefined };
        const all = words({ ...rest, ...envelope, tls: "starttls" });
        const { code, stderr } = await run(curl, [
          ...all,
          ...login,
          ...(pair ?? []),
          "--login-options",
          `AUTH=${mechanism}`,
        ]);
        return { ok: code === 0, said: stderr };
      },
    });
  });

  test("sends a first message by each command that the server prints at start", async () => {
    const folder = mkdtempSync(join(tmpdir(), "carteiro-first-start-"));
    const ports = ["relay", "submission", "submissions"].flatMap((role) => [`--${role}-port`, "0"]);
    await using started = startCarteiro("serve", "--data", folder, ...ports);
    const lines = await started.until((told) => (told.some((line) => line.includes("Ctrl-C")) ? told : undefined));
    const commands = lines.filter((line) => line.includes("curl -sS"));
    expect(commands).toHaveLength(3);
    for (const command of commands) {
      expect(await run("/bin/sh", ["-c", command])).toEqual({ code: 0, stdout: "", stderr: "" });
    }
    const read = lines.find((line) => line.startsWith("  cat ")) ?? "";
    const { code, stdout } = await run("/bin/sh", ["-c", read]);
    expect([code, stdout.split("The first message.\r\n").length]).toEqual([0, 4]);
    const mailbox = join(folder, "mail", "example.org", "user", "new");
    const stored = readdirSync(mailbox).map((name) => storedMessage(readFileSync(join(mailbox, name))));
    const protocols = stored.flatMap(({ received }) => / with (\w+) /.exec(received)?.[1] ?? []);
    expect(protocols.toSorted((one, other) => one.localeCompare(other))).toEqual(["ESMTP", "ESMTPSA", "ESMTPSA"]);
    rmSync(folder, { recursive: true, force: true });
  });
});

function words({ file, from, to, host, port, tls, caFile, auth }: Omit<Submission, "message">): string[] {
  const url = `${tls === "implicit" ? "smtps" : "smtp"}://${host}:${port}`;
  const security = tls === "none" ? [] : ["--ssl-reqd", "--cacert", caFile];
  const login = auth === undefined ? [] : ["--user", `${auth.user}:${auth.password}`];
  const recipients = to.flatMap((recipient) => ["--mail-rcpt", recipient]);
  // -v: what the server says is not to be had otherwise.
  const all = ["-sSv", "--mail-rcpt-allowfails", "--url", url, ...security, ...login];
  return [...all, "--mail-from", from, ...recipients, "--upload-file", file];
}
