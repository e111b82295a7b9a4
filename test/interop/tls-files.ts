// The tests' certificates as files in PEM, for programs that read files; readable by everybody, since some change their user.

import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { createCertificates, type Certificates } from "../../packages/cli/src/certificate.ts";
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

/** Writes those of a server on localhost into a folder, which is removed when they are disposed of. */
export async function writeTlsFiles(): Promise<TlsFiles> {
  return written(await localhostCertificates());
}

/** Likewise a client's, by a new authority. Its common name is this name. */
export async function writeClientCertificate(name: string): Promise<TlsFiles> {
  return written(await createCertificates({ names: [name], shownBy: "client", days: 1 }));
}

function written({ caCertificate, certificate, key }: Certificates): TlsFiles {
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
