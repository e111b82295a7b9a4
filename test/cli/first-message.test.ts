// The commands shown at start are pasted into a shell: a shell reads here what curl would have been told.

import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";

import { afterAll, describe, expect, test } from "vitest";

import { firstMessageText, type FirstMessageOptions } from "../../packages/cli/src/first-message.ts";

const scratch = mkdtempSync(join(tmpdir(), "carteiro-first-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** A curl that tells its arguments, one a line, and then what it was given to send. */
writeFileSync(join(scratch, "curl"), '#!/bin/sh\nprintf "%s\\n" "$@"\necho ---\ncat\n');
chmodSync(join(scratch, "curl"), 0o755);

const usual: FirstMessageOptions = {
  host: "127.0.0.1",
  ports: { relay: 2525, submission: 2587, submissions: 2465 },
  mailbox: "user@example.org",
  login: { user: "user@example.org", password: "s3cret" },
  caFile: "carteiro-data/tls/ca.pem",
  newFolder: "carteiro-data/mail/example.org/user/new",
};

/** Runs the commands of the text and tells the arguments and the message of each. */
function told(options: FirstMessageOptions) {
  const commands = firstMessageText(options)
    .split("\n")
    .filter((line) => line.startsWith("  printf "));
  return commands.map((command) => {
    const env = { ...process.env, PATH: `${scratch}${delimiter}${process.env["PATH"] ?? ""}` };
    const { stdout } = spawnSync("sh", ["-c", command], { env, encoding: "utf8" });
    const [words = "", message = ""] = stdout.split("\n---\n");
    return { words: words.split("\n"), message };
  });
}

describe.skipIf(process.platform === "win32")("the first message", () => {
  test("goes by relay, by STARTTLS and by TLS", () => {
    const [relay, submission, implicit] = told(usual);
    const way = (from: string) => ["--mail-from", from, "--mail-rcpt", "user@example.org", "-T", "-"];
    expect(relay?.words).toEqual(["-sS", "smtp://127.0.0.1:2525", ...way("sender@example.net")]);
    const login = ["--cacert", "carteiro-data/tls/ca.pem", "--user", "user@example.org:s3cret"];
    const starttls = ["-sS", "smtp://127.0.0.1:2587", "--ssl-reqd"];
    expect(submission?.words).toEqual([...starttls, ...login, ...way("user@example.org")]);
    expect(implicit?.words).toEqual(["-sS", "smtps://127.0.0.1:2465", ...login, ...way("user@example.org")]);
    expect(relay?.message).toBe("From: <sender@example.net>\r\nSubject: Hello\r\n\r\nThe first message.\r\n");
  });

  test("survives the shell whatever user, password and file are called", () => {
    const user = "o'brien%d+$x@example.org";
    const password = 'it\'s "$HOME" `id` \\ ; & é';
    const [relay, submission] = told({ ...usual, mailbox: user, login: { user, password }, caFile: "my data/ca.pem" });
    expect(relay?.words).toContain(user);
    expect(submission?.message).toContain(`From: <${user}>\r\n`);
    expect(submission?.words).toContain(`${user}:${password}`);
    expect(submission?.words).toContain("my data/ca.pem");
  });

  test("leaves out a password that is not for showing, and an authority that the system knows", () => {
    const [, submission] = told({ ...usual, login: { user: "user@example.org" }, caFile: undefined });
    expect(submission?.words).toContain("user@example.org");
    expect(submission?.words).not.toContain("--cacert");
  });

  test("goes by relay alone where nobody can log in", () => {
    expect(told({ ...usual, login: undefined })).toHaveLength(1);
  });

  test.each([
    ["::1", "smtp://[::1]:2525"],
    ["0.0.0.0", "smtp://127.0.0.1:2525"],
    ["::", "smtp://[::1]:2525"],
    ["mx.example.org", "smtp://mx.example.org:2525"],
  ])("is sent to the host %s as %s", (host, url) => {
    expect(told({ ...usual, host })[0]?.words).toContain(url);
  });

  test("is told where it will lie", () => {
    expect(firstMessageText(usual)).toContain("  cat carteiro-data/mail/example.org/user/new/*\n");
  });
});
