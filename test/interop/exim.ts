// Exim with folders of its own: as a server that delivers into files, or as a client that passes on what it is given.

import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { start } from "../support/processes.ts";
import { freePort, longestService, whenListening } from "./free-port.ts";
import { nextFile } from "./next-file.ts";
import { withoutReceived } from "./own-server.ts";
import { forRoot, programAt, type Peer } from "./peers.ts";
import { credentials, recipient, type Security } from "./server-contract.ts";
import type { TlsFiles } from "./tls-files.ts";

/** With a configuration that is not its system's, Exim delivers only for root. */
export const exim: Peer = forRoot(
  programAt("Exim", "CARTEIRO_EXIM", ["exim4", "exim", "/usr/sbin/exim4", "/usr/sbin/exim"]),
);

export interface EximOptions {
  /** Default: in the clear. Under TLS only who has logged in by PLAIN may send. */
  readonly security?: Security;
  readonly tls?: TlsFiles;
  /** Port of 127.0.0.1 where it passes on mail for others than the recipient of the contract. Else it refuses them. */
  readonly relayPort?: number;
  /** Further main settings, a line each. */
  readonly settings?: readonly string[];
  /** Further settings of the transport that passes mail on, a line each. */
  readonly transport?: readonly string[];
  /** A whole ACL, by its name `acl_check_content` and the like, a line each. */
  readonly acls?: readonly string[];
}

export interface Exim extends AsyncDisposable {
  readonly port: number;
  /** What it has delivered next: without its own field. */
  next(): Promise<Buffer>;
  /** Everything that it has logged. */
  log(): string;
}

export async function startExim(path: string, options: EximOptions = {}): Promise<Exim> {
  const folder = mkdtempSync(join(tmpdir(), "carteiro-exim-"));
  const mail = join(folder, "mail");
  const delivered = join(mail, "new");
  for (const each of [join(folder, "spool"), mail, join(mail, "tmp"), join(mail, "cur"), delivered]) mkdirSync(each);
  // Exim gives up being root.
  for (const each of readdirSync(folder, { recursive: true, encoding: "utf8" })) chmodSync(join(folder, each), 0o777);
  chmodSync(folder, 0o777);
  const port = await freePort();
  const file = join(folder, "exim.conf");
  writeFileSync(file, configuration(folder, port, options));
  const program = start(path, ["-C", file, "-bdf"], { longest: longestService });
  await whenListening(port, program.ended);
  return {
    port,
    // Exim delivers after it has answered.
    next: async () => withoutReceived(await nextFile(delivered)),
    log: () => readFileSync(join(folder, "spool/mainlog"), "utf8"),
    async [Symbol.asyncDispose]() {
      await program[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

function configuration(folder: string, port: number, options: EximOptions): string {
  const { security = "in the clear", tls, relayPort, settings = [], transport = [], acls = [] } = options;
  const secure = security !== "in the clear";
  const [localPart = "", domain = ""] = recipient.split("@");
  return `
primary_hostname = mx.example.net
local_interfaces = 127.0.0.1
daemon_smtp_ports = ${port}
${security === "implicit TLS" ? `tls_on_connect_ports = ${port}` : ""}
${tls !== undefined && secure ? `tls_advertise_hosts = *\ntls_certificate = ${tls.certFile}\ntls_privatekey = ${tls.keyFile}` : "tls_advertise_hosts ="}
spool_directory = ${folder}/spool
log_file_path = ${folder}/spool/%slog
pid_file_path = ${folder}/exim.pid
host_lookup =
rfc1413_query_timeout = 0s
accept_8bitmime = true
deliver_drop_privilege = true
keep_environment =
smtputf8_advertise_hosts = *
acl_smtp_rcpt = recipients
acl_smtp_data = accept
${settings.join("\n")}
begin acl
recipients:
  ${secure ? "deny ! authenticated = *\n       message = authentication required" : ""}
  accept domains = ${domain}
         local_parts = ${localPart}
  ${relayPort === undefined ? "" : `accept domains = ! ${domain}`}
  deny message = 5.1.1 no such user
${acls.join("\n")}
begin routers
local:
  driver = accept
  domains = ${domain}
  transport = file
${relayPort === undefined ? "" : "relay:\n  driver = manualroute\n  route_list = * 127.0.0.1\n  self = send\n  transport = relay"}
begin transports
file:
  driver = appendfile
  maildir_format
  directory = ${folder}/mail

  use_crlf
  message_prefix =
  message_suffix =
relay:
  driver = smtp
  port = ${relayPort ?? 0}
  allow_localhost
  message_linelength_limit = 2000000
${transport.map((line) => `  ${line}`).join("\n")}
begin retry
* * F,1h,1s
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_advertise_condition = \${if def:tls_in_cipher}
  server_prompts = :
  server_condition = \${if and{{eq{$auth2}{${credentials.user}}}{eq{$auth3}{${credentials.password}}}}}
  server_set_id = $auth2
`;
}
