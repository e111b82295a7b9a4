// Postfix with folders of its own, started without its scripts: as a server that delivers into files, or as a client that
// passes on what it is given. Nothing of it need be installed: it may lie unpacked anywhere.

import { chmodSync, chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { start, type Program } from "../support/processes.ts";
import { freePort, longestService, whenListening } from "./free-port.ts";
import { nextFile } from "./next-file.ts";
import { folderWith, forRoot, type Peer } from "./peers.ts";
import { recipient } from "./server-contract.ts";

/** Postfix itself; its `path` is the folder that it was unpacked into. It starts its daemons as root only. */
export const postfix: Peer = forRoot(postfixPart("Postfix", "usr/lib/postfix/sbin/master"));

/** A part of Postfix's that anybody can start; its `path` is the same folder. */
export function postfixPart(name: string, inside: string): Peer {
  return folderWith(name, "CARTEIRO_POSTFIX", ["/"], inside);
}

/** Starts one of the tools that need no daemon: `smtp-source`, `smtp-sink`. */
export function startPostfixTool(root: string, name: string, words: readonly string[]): Program {
  return start(join(root, "usr/sbin", name), words, { environment: libraries(root) });
}

/** Settings of main.cf; one that is given twice counts as it is given last. */
export type PostfixSettings = Readonly<Record<string, string | number>>;

export interface Postfix extends AsyncDisposable {
  /** Where its server listens. */
  readonly port: number;
  readonly folder: string;
  /** What it has delivered next to the recipient of the contract: without its own fields, the lines ended by CRLF. */
  next(): Promise<Buffer>;
  /** Everything that its daemons have logged. */
  log(): string;
}

/** Starts it with these settings over the usual ones. What makes them may put files into its folder. */
export async function startPostfix(
  root: string,
  settings: (folder: string) => PostfixSettings | Promise<PostfixSettings> = () => ({}),
): Promise<Postfix> {
  const folder = mkdtempSync(join(tmpdir(), "carteiro-postfix-"));
  chmodSync(folder, 0o755);
  const port = await freePort();
  makeFolders(folder);
  writeFileSync(
    join(folder, "etc/main.cf"),
    mainSettings({ ...usualSettings(root, folder), ...(await settings(folder)) }),
  );
  writeFileSync(join(folder, "etc/master.cf"), services(port));
  const master = join(root, "usr/lib/postfix/sbin/master");
  // It ends its daemons by its process group: it needs one of its own. `-e`: it ends by itself, whatever happens to us.
  const program = start("setsid", [master, "-c", join(folder, "etc"), "-d", "-e", String(longestService / 1_000)], {
    environment: {
      ...libraries(root),
      MAIL_CONFIG: join(folder, "etc"),
      POSTLOG_SERVICE: "postlog",
      POSTLOG_HOSTNAME: "mx",
    },
    longest: longestService,
  });
  await whenListening(port, program.ended);
  return {
    port,
    folder,
    next: async () => withoutOwnFields(await nextFile(join(folder, "mail/bia/new"))),
    log: () => readFileSync(join(folder, "log"), "utf8"),
    async [Symbol.asyncDispose]() {
      await program[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** Users and groups that every Debian has: Postfix wants two that are not its clients'. */
export const postfixOwner = { user: "mail", uid: 8 } as const;
const dropGroup = { group: "news", gid: 9 } as const;

const queues = [
  "active",
  "bounce",
  "corrupt",
  "defer",
  "deferred",
  "flush",
  "hold",
  "incoming",
  "private",
  "saved",
  "trace",
];

function makeFolders(folder: string): void {
  for (const name of ["etc", "queue", "queue/pid"]) mkdirSync(join(folder, name));
  for (const name of ["data", "mail", ...queues.map((queue) => `queue/${queue}`)]) {
    mkdirSync(join(folder, name), { mode: 0o700 });
    chownSync(join(folder, name), postfixOwner.uid, 0);
  }
  for (const [name, mode] of [
    ["maildrop", 0o730],
    ["public", 0o710],
  ] as const) {
    mkdirSync(join(folder, "queue", name));
    chmodSync(join(folder, "queue", name), mode);
    chownSync(join(folder, "queue", name), postfixOwner.uid, dropGroup.gid);
  }
}

function usualSettings(root: string, folder: string): PostfixSettings {
  const [localPart = "", domain = ""] = recipient.split("@");
  return {
    compatibility_level: "3.6",
    queue_directory: join(folder, "queue"),
    data_directory: join(folder, "data"),
    daemon_directory: join(root, "usr/lib/postfix/sbin"),
    command_directory: join(root, "usr/sbin"),
    meta_directory: join(root, "usr/share/postfix"),
    shlib_directory: join(root, "usr/lib/postfix"),
    import_environment: "LD_LIBRARY_PATH MAIL_CONFIG POSTLOG_SERVICE POSTLOG_HOSTNAME",
    export_environment: "LD_LIBRARY_PATH MAIL_CONFIG",
    maillog_file: join(folder, "log"),
    maillog_file_prefixes: tmpdir(),
    mail_owner: postfixOwner.user,
    setgid_group: dropGroup.group,
    myhostname: "mx.example.net",
    inet_interfaces: "127.0.0.1",
    inet_protocols: "ipv4",
    mynetworks: "127.0.0.0/8",
    disable_dns_lookups: "yes",
    smtpd_relay_restrictions: "permit_mynetworks, reject",
    smtpd_error_sleep_time: 0,
    // The content stays as it came.
    local_header_rewrite_clients: "",
    smtp_line_length_limit: 0,
    mydestination: "",
    alias_maps: "",
    virtual_mailbox_domains: domain,
    virtual_mailbox_base: join(folder, "mail"),
    virtual_mailbox_maps: `inline:{${recipient}=${localPart}/}`,
    virtual_minimum_uid: 1,
    virtual_uid_maps: `static:${postfixOwner.uid}`,
    virtual_gid_maps: `static:${postfixOwner.uid}`,
    virtual_mailbox_limit: 0,
  };
}

function mainSettings(settings: PostfixSettings): string {
  return Object.entries(settings)
    .map(([name, value]) => `${name} = ${value}\n`)
    .join("");
}

/** A line each: name, kind, private, unprivileged, chroot, seconds between wakings, processes, program. */
function services(port: number): string {
  return `
127.0.0.1:${port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
lmtp unix - - n - - lmtp
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
`;
}

function libraries(root: string): Record<string, string> {
  return { LD_LIBRARY_PATH: join(root, "usr/lib/postfix") };
}

/** What was sent: after the fields that Postfix adds at delivery and at reception. */
function withoutOwnFields(octets: Buffer): Buffer {
  const text = octets.toString("latin1");
  const own = /^(?:(?:Return-Path|X-Original-To|Delivered-To): [^\n]*\n)*Received: [^\n]*\n(?:[ \t][^\n]*\n)*/.exec(
    text,
  );
  return Buffer.from(text.slice(own?.[0].length ?? 0).replaceAll("\n", "\r\n"), "latin1");
}
