// Certificates for a first start and for tests: an authority and a leaf under it, since some TLS stacks refuse a
// self-signed certificate as a server's own. Slow to load: import it only where certificates are made.

// oxlint-disable-next-line import/no-unassigned-import -- a polyfill that @peculiar/x509 looks for when it is loaded
import "reflect-metadata";
import { isIP } from "node:net";
import { domainToASCII } from "node:url";
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509CertificateGenerator,
  type JsonGeneralName,
  type JsonName,
  type X509Certificate,
} from "@peculiar/x509";

export interface CertificateOptions {
  /** Host names and IP addresses of the server; the first is its common name. At least one. */
  readonly names: readonly string[];
  /** Whether a server shows it, or a client; some stacks take none for the other. Default: `server`. */
  readonly shownBy?: "server" | "client";
  /** Days for which the certificates are valid from now on. */
  readonly days: number;
}

/** All in PEM. */
export interface Certificates {
  /** The authority's, for clients to trust. Its key is forgotten: it can never sign another certificate. */
  readonly caCertificate: string;
  /** The server's, signed by the authority. */
  readonly certificate: string;
  /** The server's private key (PKCS #8). */
  readonly key: string;
}

/** Makes an authority and a certificate under it, with EC keys on P-256. Throws `TypeError` for a name that is none. */
export async function createCertificates(options: CertificateOptions): Promise<Certificates> {
  const { names, days, shownBy = "server" } = options;
  const alternatives = names.map(alternativeName);
  const [first] = alternatives;
  if (first === undefined) throw new TypeError("A certificate needs at least one name");
  const [caKeys, keys] = await Promise.all([generateKeys(), generateKeys()]);
  const validity = validFor(days);
  const ca = await createAuthority(`Carteiro authority for ${first.value}`, caKeys, validity);
  const leaf = await X509CertificateGenerator.create({
    ...validity,
    subject: commonName(first.value),
    issuer: ca.subjectName,
    publicKey: keys.publicKey,
    signingKey: caKeys.privateKey,
    signingAlgorithm,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([shownBy === "server" ? ExtendedKeyUsage.serverAuth : ExtendedKeyUsage.clientAuth]),
      new SubjectAlternativeNameExtension(alternatives),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
      await AuthorityKeyIdentifierExtension.create(caKeys.publicKey),
    ],
  });
  const key = await crypto.subtle.exportKey("pkcs8", keys.privateKey);
  return {
    caCertificate: pem(ca),
    certificate: pem(leaf),
    key: `${PemConverter.encode(key, PemConverter.PrivateKeyTag)}\n`,
  };
}

const keyAlgorithm = { name: "ECDSA", namedCurve: "P-256" };
const signingAlgorithm = { name: "ECDSA", hash: "SHA-256" };
const hour = 3_600_000;
const day = 24 * hour;
/** Upper bound of a common name (RFC 5280 appendix A.1). */
const longestCommonName = 64;

type KeyPair = Awaited<ReturnType<typeof generateKeys>>;
type Validity = ReturnType<typeof validFor>;

async function createAuthority(name: string, keys: KeyPair, validity: Validity): Promise<X509Certificate> {
  return X509CertificateGenerator.createSelfSigned({
    ...validity,
    name: commonName(name),
    keys,
    signingAlgorithm,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
}

function generateKeys() {
  return crypto.subtle.generateKey(keyAlgorithm, true, ["sign", "verify"]);
}

/** From an hour ago, for the sake of clocks that are behind. */
function validFor(days: number) {
  const now = Date.now();
  return { notBefore: new Date(now - hour), notAfter: new Date(now + days * day) };
}

function alternativeName(name: string): JsonGeneralName {
  if (isIP(name) !== 0) return { type: "ip", value: name };
  const value = domainToASCII(name);
  if (value === "") throw new TypeError(`Neither a host name nor an IP address: ${JSON.stringify(name)}`);
  return { type: "dns", value };
}

function commonName(name: string): JsonName {
  return [{ CN: [name.slice(0, longestCommonName)] }];
}

function pem(certificate: X509Certificate): string {
  return `${certificate.toString("pem")}\n`;
}
