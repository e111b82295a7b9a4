// Postfix as a server that asks Cyrus SASL about passwords.

import { chmodSync, chownSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { run } from "../support/processes.ts";
import { both, programAt, type Peer } from "./peers.ts";
import { postfix, postfixOwner, startPostfix, type Postfix, type PostfixSettings } from "./postfix.ts";
import { credentials, type Security } from "./server-contract.ts";
import type { TlsFiles } from "./tls-files.ts";

const cyrus = programAt("saslpasswd2 of Cyrus SASL", "CARTEIRO_SASLPASSWD", ["saslpasswd2", "/usr/sbin/saslpasswd2"]);

export const postfixWithSasl: Peer = both(postfix, cyrus);

/** Starts it under TLS, where only who has logged in may send. */
export function startPostfixWithSasl(
  root: string,
  security: Exclude<Security, "in the clear">,
  tls: TlsFiles,
): Promise<Postfix> {
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
const mechanisms = ["PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256", "SCRAM-SHA-512"];

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
  writeFileSync(join(folder, "smtpd.conf"), [...settings, `mech_list: ${mechanisms.join(" ")}`, ""].join("\n"));
}
