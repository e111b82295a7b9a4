// Exim as the server: it delivers into files, each message with fields of its own in front.

import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";

import { start as startProgram } from "../support/processes.ts";
import { freePort, whenListening } from "./free-port.ts";
import { describeWith, programAt, type Peer } from "./peers.ts";
import {
  credentials,
  recipient,
  serverContract,
  type PeerServer,
  type Security,
  type TlsFiles,
} from "./server-contract.ts";

const exim = programAt("Exim", "CARTEIRO_EXIM", ["exim4", "exim", "/usr/sbin/exim4", "/usr/sbin/exim"]);
/** With a configuration that is not its system's, Exim delivers only for root. */
const peer: Peer = process.getuid?.() === 0 ? exim : { ...exim, path: undefined, lacks: "Exim needs root to be tried" };

describeWith(peer, (path) => {
  serverContract({
    securities: ["in the clear", "STARTTLS", "implicit TLS"],
    start: (security, tls) => start(path, security, tls),
    refuses: true,
  });
});

async function start(path: string, security: Security, tls: TlsFiles): Promise<PeerServer> {
  const folder = mkdtempSync(join(tmpdir(), "carteiro-exim-"));
  const mail = join(folder, "mail");
  const delivered = join(mail, "new");
  for (const each of [join(folder, "spool"), mail, join(mail, "tmp"), join(mail, "cur"), delivered]) mkdirSync(each);
  // Exim gives up being root.
  for (const each of readdirSync(folder, { recursive: true, encoding: "utf8" })) chmodSync(join(folder, each), 0o777);
  chmodSync(folder, 0o777);
  const port = await freePort();
  const file = join(folder, "exim.conf");
  writeFileSync(file, configuration(folder, port, security, tls));
  const program = startProgram(path, ["-C", file, "-bdf"]);
  await whenListening(port, program.ended);
  return {
    port,
    async next() {
      // Exim delivers after it has answered.
      while (readdirSync(delivered).length === 0) await setTimeout(20);
      const [name = ""] = readdirSync(delivered);
      const octets = readFileSync(join(delivered, name));
      rmSync(join(delivered, name));
      return withoutOwnFields(octets);
    },
    async [Symbol.asyncDispose]() {
      await program[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** What was sent: after the one field that Exim adds here. */
function withoutOwnFields(octets: Buffer): Buffer {
  const own = /^Received: [^\r\n]*\r\n(?:\t[^\r\n]*\r\n)*/.exec(octets.toString("latin1"))?.[0] ?? "";
  return octets.subarray(own.length);
}

function configuration(folder: string, port: number, security: Security, { certFile, keyFile }: TlsFiles): string {
  const secure = security !== "in the clear";
  const [localPart = "", domain = ""] = recipient.split("@");
  return `
primary_hostname = mx.example.net
local_interfaces = 127.0.0.1
daemon_smtp_ports = ${port}
${security === "implicit TLS" ? `tls_on_connect_ports = ${port}` : ""}
${secure ? `tls_advertise_hosts = *\ntls_certificate = ${certFile}\ntls_privatekey = ${keyFile}` : "tls_advertise_hosts ="}
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
begin acl
recipients:
  ${secure ? "deny ! authenticated = *\n       message = authentication required" : ""}
  accept domains = ${domain}
         local_parts = ${localPart}
  deny message = 5.1.1 no such user
begin routers
local:
  driver = accept
  transport = file
begin transports
file:
  driver = appendfile
  maildir_format
  directory = ${folder}/mail

  use_crlf
  message_prefix =
  message_suffix =
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
