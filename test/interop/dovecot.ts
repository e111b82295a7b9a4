// Dovecot with folders of its own: LMTP into Maildirs, and submission, which passes on to a server of ours what it is given.

import { chmodSync, chownSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { start } from "../support/processes.ts";
import { freePort, longestService, whenListening } from "./free-port.ts";
import { nextFile } from "./next-file.ts";
import { folderWith, forRoot, programAt, type Peer } from "./peers.ts";
import { credentials, recipient } from "./server-contract.ts";
import type { TlsFiles } from "./tls-files.ts";

const candidates = ["dovecot", "/usr/sbin/dovecot"];

/** It changes its user, and hence needs root. */
export const dovecot: Peer = forRoot(programAt("Dovecot", "CARTEIRO_DOVECOT", candidates));
export const dovecotLmtp: Peer = part("Dovecot's LMTP", "lmtp");
export const dovecotSubmission: Peer = part("Dovecot's submission", "submission");

/** The program, where this part of it is installed, too. */
function part(name: string, daemon: string): Peer {
  const lacks = folderWith(name, "CARTEIRO_DOVECOT_DAEMONS", ["/usr/lib/dovecot", "/usr/libexec/dovecot"], daemon);
  return lacks.path === undefined ? lacks : { ...dovecot, name };
}

export interface DovecotOptions {
  readonly tls: TlsFiles;
  /** Port of 127.0.0.1 where submission passes mail on. */
  readonly relayPort?: number;
  /** Names in Dovecot's spelling. Default: `plain login`. */
  readonly mechanisms?: string;
  /** Where Dovecot asks over HTTP whom a token is for: the token is added. */
  readonly tokenInfoUrl?: string;
  /** Further lines of the configuration. */
  readonly more?: string;
}

export interface Dovecot extends AsyncDisposable {
  readonly lmtpPort: number;
  /** STARTTLS; passwords under TLS only. */
  readonly submissionPort: number;
  /** Implicit TLS. */
  readonly submissionsPort: number;
  /** What LMTP has delivered next to the recipient of the contract: without its own fields, the lines ended by CRLF. */
  next(): Promise<Buffer>;
  /** How many messages lie in the mailbox of the recipient of the contract. */
  waiting(): number;
}

/** Starts it. Who logs in is who logs in by the contract; mailboxes are theirs and the recipient's. */
export async function startDovecot(path: string, options: DovecotOptions): Promise<Dovecot> {
  const folder = mkdtempSync(join(tmpdir(), "carteiro-dovecot-"));
  chmodSync(folder, 0o755);
  mkdirSync(join(folder, "mail"));
  chownSync(join(folder, "mail"), mailUser.uid, mailUser.gid);
  const ports = { lmtp: await freePort(), submission: await freePort(), submissions: await freePort() };
  writeFileSync(join(folder, "users"), users(folder), { mode: 0o644 });
  const file = join(folder, "dovecot.conf");
  writeFileSync(file, configuration(folder, ports, options));
  const program = start(path, ["-F", "-c", file], { longest: longestService });
  for (const port of Object.values(ports)) await whenListening(port, program.ended);
  const mailbox = join(folder, "mail", recipient, "new");
  return {
    lmtpPort: ports.lmtp,
    submissionPort: ports.submission,
    submissionsPort: ports.submissions,
    next: async () => withoutOwnFields(await nextFile(mailbox)),
    waiting: () => readdirSync(mailbox).length,
    async [Symbol.asyncDispose]() {
      await program[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** A mailbox that has no room for anything. */
export const fullMailbox = "caio@example.net";

/** A user that every Debian has, for the mailboxes. */
const mailUser = { name: "mail", uid: 8, gid: 8 } as const;

function users(folder: string): string {
  const line = (user: string, more = "") =>
    `${user}:{PLAIN}${credentials.password}:${mailUser.uid}:${mailUser.gid}::${folder}/mail/${user}::${more}\n`;
  return line(credentials.user) + line(recipient) + line(fullMailbox, "userdb_quota_rule=*:bytes=1");
}

type Ports = Readonly<Record<"lmtp" | "submission" | "submissions", number>>;

function configuration(folder: string, ports: Ports, options: DovecotOptions): string {
  const { tls, relayPort = 9, mechanisms = "plain login", tokenInfoUrl, more = "" } = options;
  const listener = (name: string, port: number, secure: boolean) =>
    `inet_listener ${name} {\n address = 127.0.0.1\n port = ${port}\n ssl = ${secure ? "yes" : "no"}\n}`;
  return `
base_dir = ${folder}/run
state_dir = ${folder}/run
log_path = /dev/stderr
protocols = lmtp submission
hostname = mx.example.net
ssl = yes
ssl_cert = <${tls.certFile}
ssl_key = <${tls.keyFile}
auth_mechanisms = ${mechanisms}
auth_failure_delay = 0
first_valid_uid = 1
mail_location = maildir:${folder}/mail/%u
passdb {
  driver = passwd-file
  args = ${folder}/users
}
${tokenInfoUrl === undefined ? "" : tokens(folder, tokenInfoUrl)}
userdb {
  driver = passwd-file
  args = ${folder}/users
}
mail_plugins = quota
plugin {
  quota = count
  quota_vsizes = yes
}
mailbox_list_index = yes
submission_relay_host = 127.0.0.1
submission_relay_port = ${relayPort}
# No waiting after a wrong password.
service anvil {
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
service lmtp {
  ${listener("lmtp", ports.lmtp, false)}
}
service submission-login {
  ${listener("submission", ports.submission, false)}
  ${listener("submissions", ports.submissions, true)}
}
${more}
`;
}

function tokens(folder: string, tokenInfoUrl: string): string {
  const file = join(folder, "oauth2.conf");
  writeFileSync(
    file,
    `tokeninfo_url = ${tokenInfoUrl}\nusername_attribute = user\nactive_attribute = active\nactive_value = yes\n`,
  );
  return `passdb {\n driver = oauth2\n mechanisms = xoauth2 oauthbearer\n args = ${file}\n}`;
}

/** What was sent: after the fields that Dovecot adds. */
function withoutOwnFields(octets: Buffer): Buffer {
  const text = octets.toString("latin1");
  const own = /^(?:(?:Return-Path|Delivered-To|Received): [^\n]*\n(?:[ \t][^\n]*\n)*)*/.exec(text)?.[0] ?? "";
  return Buffer.from(text.slice(own.length).replaceAll(/\r?\n/g, "\r\n"), "latin1");
}
