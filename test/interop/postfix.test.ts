// Postfix as the server: it delivers into files, and asks Cyrus SASL about passwords.

import { chmodSync, chownSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { run } from "../support/processes.ts";
import { both, describeWith, programAt } from "./peers.ts";
import { postfix, postfixOwner, startPostfix, type Postfix, type PostfixSettings } from "./postfix.ts";
import { credentials, serverContract, type Security } from "./server-contract.ts";
import type { TlsFiles } from "./tls-files.ts";

const cyrus = programAt("saslpasswd2 of Cyrus SASL", "CARTEIRO_SASLPASSWD", ["saslpasswd2", "/usr/sbin/saslpasswd2"]);

describeWith(both(postfix, cyrus), (root) => {
  serverContract({
    securities: ["in the clear", "STARTTLS", "implicit TLS"],
    start: (security, tls) => start(root, security, tls),
    refuses: true,
  });
});

function start(root: string, security: Security, tls: TlsFiles): Promise<Postfix> {
  if (security === "in the clear") return startPostfix(root);
  return startPostfix(root, async (folder) => ({ ...tlsSettings(security, tls), ...(await saslSettings(folder)) }));
}

function tlsSettings(security: Security, { certFile, keyFile }: TlsFiles): PostfixSettings {
  return {
    smtpd_tls_cert_file: certFile,
    smtpd_tls_key_file: keyFile,
    smtpd_tls_security_level: "encrypt",
    smtpd_tls_wrappermode: security === "implicit TLS" ? "yes" : "no",
    smtpd_tls_auth_only: "yes",
  };
}

/** Only who has logged in may send. */
async function saslSettings(folder: string): Promise<PostfixSettings> {
  // Where Debian's Postfix looks.
  await savePassword(join(folder, "etc/sasl"));
  return {
    mynetworks: "",
    smtpd_relay_restrictions: "permit_sasl_authenticated, reject",
    smtpd_sasl_auth_enable: "yes",
    smtpd_sasl_local_domain: realm,
  };
}

const realm = "carteiro";

/** Makes a folder with Cyrus SASL's settings for Postfix's server, and the password of the contract. */
async function savePassword(folder: string): Promise<void> {
  const passwords = join(folder, "passwords");
  mkdirSync(folder);
  const { code, stderr } = await run(cyrus.path ?? "", ["-f", passwords, "-p", "-c", "-u", realm, credentials.user], {
    input: credentials.password,
  });
  if (code !== 0) throw new Error(`saslpasswd2: ${stderr}`);
  chmodSync(passwords, 0o600);
  chownSync(passwords, postfixOwner.uid, 0);
  const settings = ["pwcheck_method: auxprop", "auxprop_plugin: sasldb", `sasldb_path: ${passwords}`];
  writeFileSync(join(folder, "smtpd.conf"), [...settings, "mech_list: PLAIN LOGIN", ""].join("\n"));
}
