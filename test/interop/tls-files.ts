// The tests' certificates as files in PEM, for programs that read files; readable by everybody, since some change their user.

import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { localhostCertificates } from "../support/certificates.ts";

export interface TlsFiles extends Disposable {
  readonly certFile: string;
  readonly keyFile: string;
  /** Certificate and key in one. */
  readonly bothFile: string;
  readonly caFile: string;
  /** What the files hold. */
  readonly cert: string;
  readonly key: string;
  readonly ca: string;
}

/** Writes them into a folder, which is removed when they are disposed of. */
export async function writeTlsFiles(): Promise<TlsFiles> {
  const { caCertificate, certificate, key } = await localhostCertificates();
  const folder = mkdtempSync(join(tmpdir(), "carteiro-tls-"));
  chmodSync(folder, 0o755);
  const write = (name: string, content: string) => {
    const file = join(folder, name);
    writeFileSync(file, content, { mode: 0o644 });
    return file;
  };
  return {
    certFile: write("cert.pem", certificate),
    keyFile: write("key.pem", key),
    bothFile: write("both.pem", certificate + key),
    caFile: write("ca.pem", caCertificate),
    cert: certificate,
    key,
    ca: caCertificate,
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}
