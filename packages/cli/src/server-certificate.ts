// The key and certificate that the server shows: those it was given, else its own, made at first start and kept.

import { X509Certificate, createPrivateKey } from "node:crypto";
import { readFile } from "node:fs/promises";
import { isIP } from "node:net";
import { join } from "node:path";

import { makeFolders, replaceFile } from "./durable-file.ts";
import { sysexits } from "./sysexits.ts";
import { CommandError, errorCode, errorMessage } from "./system-error.ts";

/** All in PEM. */
export interface ServerCertificate {
  readonly key: string;
  readonly cert: string;
  /** The file that holds the authority for clients to trust; none where the system's own authorities do. */
  readonly caFile: string | undefined;
  /** Whether it was made just now. */
  readonly made: boolean;
}

/** Days that a certificate of our making is good for: as many as strict clients allow a private authority's. */
const validDays = 825;
const dayMilliseconds = 86_400_000;
/** One that has fewer days left is made anew, since it is looked at only when the server starts. */
const leastDaysLeft = 30;

/** Reads the files that the user has named. Throws `CommandError` if they are not what they should be. */
export async function givenCertificate(files: {
  readonly certFile: string;
  readonly keyFile: string;
}): Promise<ServerCertificate> {
  const { certFile, keyFile } = files;
  try {
    const [cert, key] = await Promise.all([readFile(certFile, "utf8"), readFile(keyFile, "utf8")]);
    const certificate = new X509Certificate(cert);
    if (!certificate.checkPrivateKey(createPrivateKey(key))) throw new Error("the key belongs to another certificate");
    const selfSigned = certificate.checkIssued(certificate);
    return { key, cert, caFile: selfSigned ? certFile : undefined, made: false };
  } catch (error) {
    const message = `--tls-cert ${certFile} and --tls-key ${keyFile} cannot be used: ${errorMessage(error)}.`;
    throw new CommandError(sysexits.EX_CONFIG, message, { cause: error });
  }
}

/**
 * The certificate in `FOLDER/{ca,cert,key}.pem`, where it is good for all these names and for some weeks to come; else a
 * new one, under a new authority. Rejects with the file system's error if it cannot be read or written.
 */
export async function ownCertificate(folder: string, names: readonly string[]): Promise<ServerCertificate> {
  const caFile = join(folder, "ca.pem");
  const [caCertificate, cert, key] = await Promise.all([
    readIfThere(caFile),
    readIfThere(join(folder, "cert.pem")),
    readIfThere(join(folder, "key.pem")),
  ]);
  if (isGood({ caCertificate, cert, key }, names)) return { key, cert, caFile, made: false };
  return { ...(await makeCertificate(folder, names)), caFile, made: true };
}

async function makeCertificate(folder: string, names: readonly string[]) {
  // Slow to load, and needed once in two years.
  const { createCertificates } = await import("./certificate.ts");
  const { caCertificate, certificate, key } = await createCertificates({ names, days: validDays });
  await makeFolders(folder);
  await replaceFile(join(folder, "key.pem"), key, 0o600);
  await replaceFile(join(folder, "cert.pem"), certificate, 0o644);
  await replaceFile(join(folder, "ca.pem"), caCertificate, 0o644);
  return { key, cert: certificate };
}

/** Whether the three belong together, name every name, and last. */
function isGood(
  pem: { readonly caCertificate: string; readonly cert: string; readonly key: string },
  names: readonly string[],
): boolean {
  try {
    const authority = new X509Certificate(pem.caCertificate);
    const certificate = new X509Certificate(pem.cert);
    const untilEnd = Math.min(...[authority, certificate].map(({ validTo }) => Date.parse(validTo))) - Date.now();
    return (
      untilEnd > leastDaysLeft * dayMilliseconds &&
      certificate.checkIssued(authority) &&
      certificate.verify(authority.publicKey) &&
      certificate.checkPrivateKey(createPrivateKey(pem.key)) &&
      names.every((name) => bears(certificate, name))
    );
  } catch {
    // Not there, or not what we wrote.
    return false;
  }
}

function bears(certificate: X509Certificate, name: string): boolean {
  return (isIP(name) === 0 ? certificate.checkHost(name) : certificate.checkIP(name)) !== undefined;
}

async function readIfThere(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (errorCode(error) === "ENOENT") return "";
    throw error;
  }
}
